"""A typed client of the HTTP API, for the command line and for programs."""
