"""Repositories: who is known by which URL, and what stands in them. Nothing is ever written there."""
