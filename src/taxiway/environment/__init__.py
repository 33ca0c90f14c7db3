"""From requirements to a lock with hashes to a read-only virtual environment. Built by uv only."""
