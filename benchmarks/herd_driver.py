"""Many tasks at once on one release, each in a process of its own; tells what they had to make.

The processes are forked when all is imported and nothing is used yet: a worker has imported it
long before, and what counts is what the tasks wait for.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from typing import Any

from taxiway.environment import build
from taxiway.git import snapshot
from taxiway.runner.execute import TaskProcess
from taxiway.runner.host import MemoryHost
from taxiway.runner.request import TaskRequest
from taxiway.runner.settings import WorkerSettings


def told(module: Any, name: str, pipe: int) -> None:
    real = getattr(module, name)

    @functools.wraps(real)
    def telling(*args: Any, **more: Any) -> Any:
        os.write(pipe, f"{name}\n".encode())
        return real(*args, **more)

    setattr(module, name, telling)


def one(digest: str, pipe: int) -> None:
    host = MemoryHost()
    TaskProcess(TaskRequest(digest, "step"), host, WorkerSettings.from_env(os.environ)).run()
    began = "\n".join(host.output("stdout")).split("began ")[1].split()[0]
    os.write(pipe, f"{began}\n".encode())


def main(digest: str, tasks: int) -> None:
    read, write = os.pipe()
    told(build, "_build", write)
    told(snapshot, "_fill", write)
    asked = time.time()
    pids = []
    for _ in range(tasks):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                one(digest, write)
                status = 0
            finally:
                os._exit(status)
        pids.append(pid)
    os.close(write)
    with os.fdopen(read) as lines:
        said = lines.read().split()
    failed = sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)
    moments = [float(word) for word in said if not word.startswith("_")]
    if failed or len(moments) != tasks:
        sys.exit(f"{failed} of {tasks} tasks failed")
    print(max(moments) - asked, *(word for word in said if word.startswith("_")))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
