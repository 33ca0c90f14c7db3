"""From a decision in the database to what Airflow shows.

The database gives out generations in order (`publications.py`); the publisher writes each to the
storage (`publisher.py`); the reconciler asks Airflow to look until it shows them
(`reconciler.py`). Each step may be killed and repeated.
"""
