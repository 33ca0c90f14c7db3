"""One task of one release: what it needs, its process, its output, its value. No Airflow here."""
