"""A workflow sealed at one commit: check, seal, render. Knows nothing of HTTP or Airflow's API."""
