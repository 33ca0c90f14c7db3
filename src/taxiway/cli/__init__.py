"""The command line: one file a noun; everything it knows it asks of the HTTP API."""
