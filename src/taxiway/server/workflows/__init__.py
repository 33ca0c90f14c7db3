"""Workflows: what a user declares. Deploys, releases and runs are nouns of their own."""
