"""The web UI: files that the build made of `web/`, and how they are served. No logic of its own."""
