"""Requests that may be repeated without being carried out twice."""
