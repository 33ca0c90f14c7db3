"""The process in which files of strangers are parsed: `python -I -m taxiway.functions.child`.

stdin: JSON, a list of (path, bytes as latin-1). stdout: one line of JSON for each, in that order,
at once: when a file ends this process, those before it are told, and it is known which one it was.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import warnings

from taxiway.functions.model import FileFunctions, Unreadable
from taxiway.functions.parse import functions_of
from taxiway.functions.refusal import too_costly

LINE_LIMIT = 4 << 20  # bytes that are told of one file


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable()
    gc.disable()  # it lives for seconds, and its memory is limited
    for path, text in json.load(sys.stdin):
        sys.stdout.write(_told(path, text.encode("latin-1")) + "\n")
        sys.stdout.flush()


def _told(path: str, source: bytes) -> str:
    try:
        line = json.dumps(functions_of(source, path).as_dict())
    except (RecursionError, MemoryError):
        line = ""
    except Exception as error:  # what the parser trips over is a fault of that file alone
        reason = f"it cannot be read: {type(error).__name__}"
        return _problem(path, Unreadable("file-not-python", reason))
    if line and len(line) <= LINE_LIMIT:
        return line
    return _problem(path, too_costly("it takes more memory to parse than is allowed"))


def _problem(path: str, problem: Unreadable) -> str:
    return json.dumps(FileFunctions(path, problem=problem).as_dict())


if __name__ == "__main__":
    main()
