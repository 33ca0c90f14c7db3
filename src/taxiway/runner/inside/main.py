"""One task: read the payload, import, call, hand back what it returned."""

from __future__ import annotations

import marshal
import os
import sys

from .channel import Channel
from .code import call, find_function, import_script, inline_function
from .logs import set_up_logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .failure import Narrator


def main(channel: int, payload: int) -> None:
    with os.fdopen(payload, "rb") as file:
        file.seek(0)
        work: dict[str, Any] = marshal.loads(file.read())  # noqa: S302 - from the supervisor
    sys.path[:0] = [path for path in work["import_path"] if path not in sys.path]
    line = Channel(channel, work["outbox"])
    set_up_logging(line, lambda error: _narrator(work).tell(error))
    try:
        line.send(_perform(work, line))
    except SystemExit as error:
        line.send({"exit": _exit_status(error)})
        raise
    except BaseException as error:
        line.send({"failure": _narrator(work).report(error)})
        sys.exit(1)
    finally:
        if work["learn"]:
            _tell_modules(line)


def _tell_modules(line: Channel) -> None:
    from .seen import modules  # noqa: PLC0415

    line.send({"modules": modules()})


def _perform(work: dict[str, Any], line: Channel) -> dict[str, Any]:
    params = work["params"]

    def context() -> Any:
        from .context import TaskInstance, build_context  # noqa: PLC0415

        task = TaskInstance(line, work["context"], work["outbox"], work["limits"])
        return build_context(work["context"], params, task, work["artifacts"])

    line.mark("import")
    script = work["script"]
    if work["source"] is None:
        module = import_script(work["root"], script)
        function = find_function(module, work["function"], script)
    else:
        module = import_script(work["inline"], script)
        function = inline_function(module, work["source"], work["task"])
    line.mark("function")
    inputs = _inputs(function, work, line)
    value = call(function, {**params, **inputs}, context)
    from .codec import Encoder  # noqa: PLC0415 - the user's first line does not wait for it

    encoder = Encoder(work["outbox"], line, **work["limits"])
    encode = encoder.encode_elements if work["elements"] else encoder.encode
    encoded = encode(value, "the returned value")
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    return {"result": encoded, "files": encoder.files, "summary": encoder.summary_of(value)}


def _inputs(function: Any, work: dict[str, Any], line: Channel) -> dict[str, Any]:
    if not (work["upstream"] or work["inputs"] or work["received"]):
        return {}
    from .inputs import gather  # noqa: PLC0415

    return gather(function, work, line)


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1


def _narrator(work: dict[str, Any]) -> Narrator:
    from .failure import Narrator  # noqa: PLC0415

    return Narrator(work["names"], work["commit"])
