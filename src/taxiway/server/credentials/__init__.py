"""Credentials: secrets for Git hosts, which go in and never come out."""
