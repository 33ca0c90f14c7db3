"""Releases and the deploys that make them: resolve, fetch, check, lock, seal, publish."""
