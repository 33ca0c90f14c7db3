"""Runs: triggering, following and keeping the record of them."""
