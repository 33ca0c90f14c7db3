"""One task of one release: what it needs, its process, its output, its value. No Airflow here.

`execute.TaskProcess` is the whole of it. `keeper.py`, `entrypoint.py` and `inside/` run in other
interpreters and use the standard library only.
"""
