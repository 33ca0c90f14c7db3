"""The service: settings, database, the orchestrator port, and one folder a noun.

In a noun: routes → service → queries. It speaks to Airflow's REST API and never imports Airflow.
"""
