"""Pushes: looking whether followed branches moved, and deploying what changed by it."""
