"""`taxiway up`: the one-machine stack (server, Airflow, SQLite) under one supervisor."""
