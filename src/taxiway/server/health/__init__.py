"""Health: whether the server and the parts that it needs work, and why not."""
