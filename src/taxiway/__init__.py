"""Taxiway takes machine-learning code from Git to Apache Airflow."""

__version__ = "0.1.0"
