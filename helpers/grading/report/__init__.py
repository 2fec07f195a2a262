"""What marking leaves on the instructor's disk: tables, documents and pages, all made from `helpers.grading.record`.

`table` is results.csv, `document` results.json, `feedback` a student's page, `summary` the instructor's, `similarity`
evidence for a person, `pseudonyms` keeps names out of all of them, and `files` writes. Nothing here marks anything, and
each of them is a pure function of the records: the same records give the same bytes.
"""
