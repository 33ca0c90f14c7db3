"""The orchestrator port: what the service asks of the thing that schedules and runs.

`port.py` is the interface, `airflow.py` speaks Airflow's REST API (and alone knows its paths),
`memory.py` is the twin that ships for tests and for trying things without Airflow.
"""
