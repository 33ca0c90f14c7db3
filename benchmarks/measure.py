"""What every benchmark shares: its options, pairs of measurements, and rows of the table."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """`scratch` is an empty folder that goes when all is measured. `pairs` are measured of what
    is cheap, `slow_pairs` of what takes seconds. `scale` makes sizes smaller, to try the code."""

    scratch: Path
    pairs: int = 15
    slow_pairs: int = 7
    scale: float = 1.0

    def sized(self, count: int) -> int:
        return max(2, round(count * self.scale))


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, with what it is compared, and the goal. `pairs`
    is how often; `counts` says what was fetched, built or written meanwhile. What could not be
    measured says in `failed` why."""

    what: str
    measured: str
    beside: str
    ratio: float | None
    goal: str
    held: bool | None
    pairs: int = 0
    counts: str = ""
    failed: str = ""


def against(what: str, name: str, ours: Pairs, *, goal: float | None, counts: str = "") -> Row:
    """A row whose goal is a ratio: the median of the ratios of the pairs."""
    return Row(
        what,
        seconds(ours.ours),
        f"{name}: {seconds(ours.theirs)}",
        ours.ratio,
        f"≤ {goal:g}×" if goal else "",
        ours.ratio <= goal if goal else None,
        ours.count,
        counts,
    )


def trying(what: str, name: str, measure: Callable[[], Row]) -> Row:
    """What `measure` finds; where it fails, a row that says so: a peer that cannot be installed
    today must not cost the rest of the table."""
    return next(trying_all(what, name, lambda: [measure()]))


def trying_all(what: str, name: str, measure: Callable[[], Iterable[Row]]) -> Iterator[Row]:
    """As `trying`, for several rows; those before the fault stay."""
    try:
        yield from measure()
    except Exception as error:
        yield not_measured(what, name, error)


def not_measured(what: str, name: str, error: Exception) -> Row:
    said = " ".join(str(error).split())[-300:]
    return Row(what, "", name, None, "", None, failed=f"{type(error).__name__}: {said}")


def alone(
    what: str, taken: float, *, goal: float, beside: str = "", count: int = 0, counts: str = ""
) -> Row:
    """A row whose goal is a time."""
    held = taken <= goal
    return Row(what, seconds(taken), beside, None, f"≤ {seconds(goal)}", held, count, counts)


@dataclass(frozen=True)
class Pairs:
    """Medians in seconds. `ratio` is the median of ratios: of what was measured at one time."""

    ours: float
    theirs: float
    ratio: float
    count: int = 0


def in_pairs(ours: Callable[[], float], theirs: Callable[[], float], count: int) -> Pairs:
    """Measure both in turns, so that a busy moment meets both."""
    return paired([(ours(), theirs()) for _ in range(count)])


def paired(found: Sequence[tuple[float, float]]) -> Pairs:
    return Pairs(
        statistics.median(one for one, _ in found),
        statistics.median(other for _, other in found),
        statistics.median(one / other for one, other in found),
        len(found),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share - 1e-9) - 1)]


@contextmanager
def timed(into: list[float], clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
    began = clock()
    yield
    into.append(clock() - began)


def seconds(value: float) -> str:
    """In the unit in which it is read best."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"
