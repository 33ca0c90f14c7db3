"""Secrets at rest: sealed by keys that lie in a file beside the database, never in it."""
