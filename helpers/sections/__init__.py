"""What the course teaches: facts, misconceptions, questions and experiments, one folder a section.

A section with the id `18_sqs` lives in the package `helpers.sections.s18_sqs`. The loaders beside this file
read its data; nothing here knows widgets or notebooks.
"""
