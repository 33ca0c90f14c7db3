"""The part that lives inside Airflow: the bundle, the operators, the preload. No database, no HTTP."""
