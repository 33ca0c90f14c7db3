"""Notifications: what has to be heard, written down with what it tells of, then delivered."""
