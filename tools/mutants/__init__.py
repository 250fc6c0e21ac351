"""The project with one protection taken out at a time: a test has to notice each.

Every module here that defines ``MUTANTS`` takes part; a new one needs no registration.
"""
