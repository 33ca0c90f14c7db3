"""From a ref to a commit to its files. Every remote is hostile until proven otherwise.

Belongs here: URLs and their policy, the hardened call, mirrors, reading trees, snapshots.
Does not: packages, workflows, Airflow.
"""
