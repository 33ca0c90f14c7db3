"""The page that holds the table."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.measure import Options, Row

_PAGE = """\
# What it costs
<!-- Written by `make bench`: change benchmarks/table.py instead. -->

Measured by [`benchmarks/`](../benchmarks/README.md), all in one run, on {machine}.

Times are medians of {pairs} measurements, or of {slow_pairs} where one takes seconds. A ratio is the
median of the ratios of pairs that were measured right after each other. Ratios travel to other
machines; milliseconds do not.

{table}
{short}"""
_HEAD = "| what | measured | beside | ratio | goal | |\n|---|---|---|---|---|---|\n"


def page(
    rows: Sequence[Row], *, machine: str, options: Options, left_out: Sequence[str] = ()
) -> str:
    return _PAGE.format(
        machine=machine,
        pairs=options.pairs,
        slow_pairs=options.slow_pairs,
        table=_HEAD + lines(rows),
        short=_short(rows) + _left_out(left_out),
    )


def _left_out(parts: Sequence[str]) -> str:
    return f"\nNot in this run: {', '.join(parts)}.\n" if parts else ""


def lines(rows: Sequence[Row]) -> str:
    return "".join(_line(row) for row in rows)


def _line(row: Row) -> str:
    ratio = f"{row.ratio:.2f}×" if row.ratio is not None else ""
    verdict = {True: "held", False: "**missed**", None: ""}[row.held]
    cells = (row.what, row.measured, row.beside, ratio, row.goal, verdict)
    return f"| {' | '.join(cells)} |\n"


def _short(rows: Sequence[Row]) -> str:
    missed = [
        f"- {row.what}: {_found(row)}, the goal is {row.goal}." for row in rows if not _fine(row)
    ]
    if not missed:
        return "\nEvery goal was held in this run.\n"
    return "\n".join(["", "Missed in this run:", "", *missed, ""])


def _fine(row: Row) -> bool:
    return row.held is not False


def _found(row: Row) -> str:
    return f"{row.ratio:.2f}× of {row.beside}" if row.ratio is not None else row.measured


def machine() -> str:
    """What the figures hang on, without the machine's name: cores, load, versions."""
    load = os.getloadavg()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {memory:.0f} GiB, "
        f"Linux, Python {platform.python_version()}, Airflow {metadata.version('apache-airflow')}. "
        f"Over its last five minutes {load[1]:.1f} processes on average wanted a core; an idle "
        f"machine would show about 2"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.machine()
