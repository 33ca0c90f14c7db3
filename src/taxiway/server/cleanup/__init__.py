"""Clean-up: removing releases that are old and not in use, and what only they had."""
