"""The DAG that is always there. A request to parse it makes Airflow look for new and changed files
of the whole bundle, and its address is known before any workflow exists."""

from __future__ import annotations

from taxiway.workflow.names import SENTINEL_DAG_ID

SENTINEL_FILE = f"{SENTINEL_DAG_ID}.py"
SENTINEL_SOURCE = f'''\
# -*- coding: utf-8 -*-
"""Taxiway asks Airflow to parse this file whenever a deploy has changed others. It never runs."""

from airflow.sdk import DAG

with DAG("{SENTINEL_DAG_ID}", schedule=None, tags=["taxiway"], is_paused_upon_creation=True):
    pass
'''.encode("ascii")
