"""`python -m benchmarks`: measure, and write the table to docs/benchmarks.md.

python -m benchmarks                        all
python -m benchmarks rendering parsing      only these; the rest of the table stays

With fewer than seven pairs, or at another scale, it is a trial: it prints, and leaves the table alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import results, table
from benchmarks.measure import Row
from benchmarks.parts import PARTS, Part
from benchmarks.results import Result

TABLE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
LEAST = 7
_GRACE = 60.0  # seconds for what a part has started to be ended


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    counts = [str(options.pairs), str(options.slow_pairs), str(options.scale)]
    page: Path | None = options.output or (TABLE if _counts(options) else None)
    failed = False
    for name in options.parts or PARTS:
        found = measure(PARTS[name], counts)
        failed |= bool(found.failed)
        print(f"{name}, {found.taken:.0f} s:\n{table.lines(found.rows)}{found.failed}", flush=True)
        if page is not None:
            write(page, name, found)
    return 1 if failed else 0


def write(page: Path, name: str, found: Result) -> None:
    """Each part at once: who stops half-way keeps what is there."""
    figures = page.with_suffix(".json")
    known = results.merged(results.load(figures), name, found)
    results.save(figures, known, PARTS)
    page.write_text(table.page(known), "utf-8")


def measure(part: Part, counts: list[str]) -> Result:
    """One part, in a process of its own, with what it found until it ended, however that was."""
    argv = [sys.executable, "-m", "benchmarks.part", part.module, *counts]
    began, busy, own = time.monotonic(), _busy(), _own()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=TABLE.parents[1])
    try:
        said, failed = process.communicate(timeout=part.seconds)[0], ""
    except subprocess.TimeoutExpired:
        said, failed = "", f"it took longer than {part.seconds:.0f} s"
    finally:
        said_late = _end(process)
    taken = time.monotonic() - began
    told = [json.loads(line) for line in (said or said_late).splitlines()]
    if process.returncode and not failed:
        last = told[-1] if told else {}
        failed = last.get("failed") or f"it ended with status {process.returncode}"
    others = max(0.0, (_busy() - busy) - (_own() - own)) / (taken * (os.cpu_count() or 1))
    rows = [Row(**one) for one in told if "what" in one]
    today = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Result(rows, today, table.machine(), taken, others, failed)


def _end(process: subprocess.Popen[str]) -> str:
    """What it had said; it is given time to end what it started."""
    if process.poll() is not None:
        return ""
    process.terminate()
    try:
        return process.communicate(timeout=_GRACE)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def _busy() -> float:
    """Seconds that all processors of this machine have worked."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq, *_ = map(int, words)
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Those of this process, and of all that ended below it."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _counts(options: argparse.Namespace) -> bool:
    return bool(min(options.pairs, options.slow_pairs) >= LEAST and options.scale == 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(PARTS)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="part", help=names)
    parser.add_argument("--pairs", type=int, default=15, help="of what is cheap (15)")
    parser.add_argument("--slow-pairs", type=int, default=7, help="of what takes seconds (7)")
    parser.add_argument("--scale", type=float, default=1.0, help="0.01: small sizes, to try it")
    parser.add_argument("--output", type=Path, help="write the page there, the figures beside it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
