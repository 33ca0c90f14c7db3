"""The functions of a repository, found by reading: no code of a user is imported or run.

Belongs here: what a Python file defines, the JSON Schema of a function's params, the limited
process that parses files of strangers, and what it found before.
Does not: Git, workflows, the database.
"""
