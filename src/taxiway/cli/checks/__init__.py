"""What `taxiway doctor` looks at, one function a part.

finding.py   what a check finds, and how checks are run so that none can hang
place.py     which home, stack and server are looked at
host.py      this machine: Python, git, uv, home, disks, ports, the identity of tasks
service.py   what runs: stack, server, database, Airflow, storage
network.py   the package index, and the clock
"""
