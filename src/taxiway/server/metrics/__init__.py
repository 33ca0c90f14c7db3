"""Figures for Prometheus. Labels come from fixed sets: no id, no name of a user's thing."""
