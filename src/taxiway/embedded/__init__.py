"""`taxiway up`: the one-machine stack (server, Airflow, SQLite) under one supervisor.

Here belong the processes of that stack: how they are started, watched, ended and found again,
and the settings Airflow gets. What the processes do belongs to `server` and `airflow`.

    supervisor.py      starts, watches and ends the parts
    part.py            one part: start, restart with back-off, last log lines
    warden.py          the process above each part, from which nothing escapes
    remains.py         what a killed supervisor left behind, and its end
    stack.py           the record of a running stack; one stack a home
    parts.py           which parts there are: the server and three of Airflow
    airflow_config.py  Airflow's settings
    secret_files.py    what is generated once and kept mode 0600
    ports.py           free ones
"""
