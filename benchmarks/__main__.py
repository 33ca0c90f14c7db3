"""`python -m benchmarks`: measure, and write the table to docs/benchmarks.md.

python -m benchmarks                        all, about seven minutes on two idle cores
python -m benchmarks rendering parsing      only these; prints, and leaves the table alone
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    browsing,
    chains,
    commits,
    lists,
    parsing,
    peers,
    rendering,
    starting,
    table,
    values,
)
from benchmarks.measure import Options, Row

ALL: Mapping[str, Callable[[Options], list[Row]]] = {
    "rendering": rendering.measure,
    "parsing": parsing.measure,
    "lists": lists.measure,
    "browsing": browsing.measure,
    "commits": commits.measure,
    "starting": starting.measure,
    "values": values.measure,
    "peers": peers.measure,
    "chains": chains.measure,
}
TABLE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what was started, too
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="taxiway-bench-", ignore_cleanup_errors=True) as name:
        given = Options(Path(name), options.pairs, options.slow_pairs, options.scale)
        for part in options.parts or ALL:
            began = time.monotonic()
            found = ALL[part](given)
            rows += found
            print(f"{part}, {time.monotonic() - began:.0f} s:\n{table.lines(found)}", flush=True)
    if options.output or not options.parts:
        target = options.output or TABLE
        left_out = [part for part in ALL if options.parts and part not in options.parts]
        page = table.page(rows, machine=table.machine(), options=given, left_out=left_out)
        target.write_text(page, "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", choices=[*ALL, []], metavar="part", help=", ".join(ALL))
    parser.add_argument("--pairs", type=int, default=15, help="of what is cheap (15)")
    parser.add_argument("--slow-pairs", type=int, default=7, help="of what takes seconds (7)")
    parser.add_argument("--scale", type=float, default=1.0, help="0.01: small sizes, to try it")
    parser.add_argument("--output", type=Path, help="write the page there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
