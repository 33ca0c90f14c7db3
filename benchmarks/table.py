"""The page that holds the table."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.parts import PARTS
from benchmarks.results import Result

_PAGE = """\
# What it costs
<!-- Written by `make bench`: change benchmarks/table.py instead. -->

Measured by [`benchmarks/`](../benchmarks/README.md), by one command. Times are medians; `pairs` is how
many were measured of each side, in turns. A ratio is the median of the ratios of these pairs, ours
to the other, so below 1 is quicker. Ratios travel to other machines; milliseconds do not.

{table}
{lost}{failed}
## When and where

{runs}"""
_HEAD = (
    "| what | ours | beside | ratio | pairs | counts | goal | |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def page(results: Mapping[str, Result]) -> str:
    found = {name: results[name] for name in PARTS if name in results}
    parts = (_section(PARTS[name].title) + lines(one.rows) for name, one in found.items())
    return _PAGE.format(
        table=_HEAD + "".join(parts),
        lost=_lost([row for one in found.values() for row in one.rows]),
        failed=_failed(found),
        runs="".join(_runs(found)),
    )


def lines(rows: Sequence[Row]) -> str:
    return "".join(_line(row) for row in rows)


def _section(title: str) -> str:
    return f"| **{title}** | | | | | | | |\n"


def _line(row: Row) -> str:
    ratio = f"{row.ratio:.2f}×" if row.ratio is not None else ""
    pairs = str(row.pairs or "")
    measured = row.measured if not row.failed else "not measured"
    cells = (row.what, measured, row.beside, ratio, pairs, row.counts, row.goal, _verdict(row))
    return f"| {' | '.join(cells)} |\n"


def _verdict(row: Row) -> str:
    if row.held is None:
        return "slower" if _is_slower(row) else ""
    return "held" if row.held else "**missed**"


def _is_slower(row: Row) -> bool:
    return row.ratio is not None and row.ratio > 1


def _lost(rows: Sequence[Row]) -> str:
    """Where we lose: a goal, or to what is beside us."""
    missed = [f"- {r.what}: {_found(r)}, the goal is {r.goal}." for r in rows if r.held is False]
    slower = [f"- {r.what}: {_found(r)}." for r in rows if r.held is None and _is_slower(r)]
    if not missed and not slower:
        return "\nEvery goal was held, and nothing beside us was quicker.\n"
    parts = [("Goals that were missed", missed), ("Quicker than ours, without a goal", slower)]
    return "".join("\n".join(["", f"{head}:", "", *some, ""]) for head, some in parts if some)


def _found(row: Row) -> str:
    return f"{row.ratio:.2f}× of {row.beside}" if row.ratio is not None else row.measured


def _failed(results: Mapping[str, Result]) -> str:
    said = [
        f"- {row.what}, {row.beside}: {row.failed}"
        for one in results.values()
        for row in one.rows
        if row.failed
    ]
    said += [f"- {PARTS[name].title}: {one.failed}" for name, one in results.items() if one.failed]
    missing = [part.title for name, part in PARTS.items() if name not in results]
    said += [f"- {title}: never measured" for title in missing]
    return "\n".join(["", "Not measured:", "", *said, ""]) if said else ""


def _runs(results: Mapping[str, Result]) -> Iterator[str]:
    for machine in dict.fromkeys(one.machine for one in results.values()):
        yield f"On {machine}:\n\n"
        for name, one in results.items():
            if one.machine == machine:
                load = "" if one.others is None else f"; others used {one.others:.0%} of the cores"
                yield f"- {PARTS[name].title}: {one.measured_on}, {one.taken:.0f} s{load}\n"
        yield "\n"


def machine() -> str:
    """What the figures hang on, without the machine's name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_processor()}), {memory:.0f} GiB, "
        f"Linux, Python {platform.python_version()}, Airflow {metadata.version('apache-airflow')}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.machine()
