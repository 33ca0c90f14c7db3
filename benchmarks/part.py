"""One part, in a process of its own: `python -m benchmarks.part MODULE PAIRS SLOW_PAIRS SCALE`.

Rows go out as they are found, each a line of JSON, then why there are no more, on the stdout that it was started with; what
else is written there goes to stderr. So nothing that a part imports, leaves running or breaks
disturbs the next one.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import Options


def main(module: str, pairs: str, slow_pairs: str, scale: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what was started, too
    rows = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    measure = importlib.import_module(module).measure
    with tempfile.TemporaryDirectory(prefix="taxiway-bench-", ignore_cleanup_errors=True) as folder:
        options = Options(Path(folder), int(pairs), int(slow_pairs), float(scale))
        try:
            for row in measure(options):
                print(json.dumps(asdict(row)), file=rows, flush=True)
                print(f"{row.what}: {row.measured} {row.beside}", file=sys.stderr, flush=True)
        except Exception as error:
            said = f"{type(error).__name__}: {' '.join(str(error).split())[-300:]}"
            print(json.dumps({"failed": said}), file=rows, flush=True)
            raise


if __name__ == "__main__":
    main(*sys.argv[1:])
