"""The one place that reaches into moto. Each module says what it touches and why; tests/cloud/mock has a
canary for each.
"""
