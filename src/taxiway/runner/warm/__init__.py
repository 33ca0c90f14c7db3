"""The warm process: a fork server for one environment on one host, with its packages imported.

`client.py`, `place.py` and `seen.py` are the worker's side. `broker.py` and `mounts.py` run in an
interpreter of the worker's Python without any package, `server.py`, `forks.py` and `preload.py` in
the environment's own; those use the standard library only. What the environment's tasks imported
is imported there, and never a file of a repository.
"""
