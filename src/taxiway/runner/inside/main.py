"""One task: read the payload, import, call, hand back what it returned."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from .channel import Channel
from .code import call, find_function, import_script, inline_function
from .codec import Encoder
from .context import TaskInstance, build_context
from .failure import Narrator, Refused


class ChannelHandler(logging.Handler):
    """Records keep their level and their logger's name on the way to the task's log."""

    def __init__(self, channel: Channel, narrator: Narrator) -> None:
        super().__init__()
        self._channel, self._narrator = channel, narrator

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
            if record.exc_info and record.exc_info[1]:
                text += "\n" + self._narrator.tell(record.exc_info[1]).rstrip()
            if record.stack_info:
                text += "\n" + record.stack_info
            self._channel.send({"log": text, "level": record.levelno, "logger": record.name})
        except Exception:
            self.handleError(record)


def main(channel: int, payload: int) -> None:
    with os.fdopen(payload, "rb") as file:
        file.seek(0)
        work: dict[str, Any] = json.loads(file.read())
    sys.path[:0] = [path for path in work["import_path"] if path not in sys.path]
    line = Channel(channel, work["outbox"])
    narrator = Narrator(work["names"], work["commit"])
    logging.basicConfig(level=logging.INFO, handlers=[ChannelHandler(line, narrator)])
    try:
        line.send(_perform(work, line))
    except SystemExit as error:
        line.send({"exit": _exit_status(error)})
        raise
    except BaseException as error:
        line.send({"failure": narrator.report(error)})
        sys.exit(1)


def _perform(work: dict[str, Any], line: Channel) -> dict[str, Any]:
    task = TaskInstance(line, work["context"], work["outbox"])
    params = work["params"]
    context = build_context(work["context"], params, task)
    script = work["script"]
    if work["source"] is None:
        module = import_script(work["root"], script)
        function = find_function(module, work["function"], script)
    else:
        module = import_script(work["inline"], script)
        function = inline_function(module, work["source"], work["task"])
    value = call(function, params, context)
    encoder = Encoder(work["outbox"])
    encoded = encoder.encode(value, "the returned value")
    sys.stdout.flush()
    sys.stderr.flush()
    return {"result": encoded, "files": encoder.files}


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1


__all__ = ["Refused", "main"]
