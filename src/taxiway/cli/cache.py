"""`taxiway cache`: what this host keeps, made small and looked at."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from taxiway.cli import display, options
from taxiway.cli.checks.place import Place, look
from taxiway.errors import Invalid
from taxiway.runner.warm.living import Living, living
from taxiway.storage.audit import Report, verify_all
from taxiway.storage.cache import Cache
from taxiway.storage.eviction import (
    EVICTABLE,
    SHOWN,
    Bounds,
    Entry,
    bounds_of,
    entries,
    parse_size,
    prune,
    size_of,
)

HELP = "Look at the cache of this host, and make it smaller."
FAILED = 7

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")]


def show(
    every: Annotated[bool, typer.Option("--all", "-a", help="Each entry by itself.")] = False,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show what the cache holds, what may be removed from it, and the warm processes."""
    place = look(None, home)
    cache, bounds = Cache(place.cache), _bounds(place)
    found, warm = entries(cache), living(cache.root)
    sums: dict[str, list[Entry]] = defaultdict(list)
    for entry in found:
        sums[entry.kind].append(entry)
    rest = {kind: size_of(cache.root / kind) for kind in SHOWN if kind not in EVICTABLE}
    if output is options.Form.json:
        display.data(
            {
                "cache": str(cache.root),
                "max_bytes": bounds.max_bytes,
                "max_days": bounds.max_days or None,
                "bytes": sum(entry.bytes for entry in found) + sum(rest.values()),
                "kinds": {kind: _sum(sums[kind]) for kind in EVICTABLE}
                | {kind: {"bytes": size} for kind, size in rest.items()},
                "entries": [_as_dict(entry) for entry in found] if every else [],
                "warm": [asdict(one) for one in warm],
            }
        )
        return
    rows: list[tuple[Any, ...]] = [
        (kind, len(sums[kind]), _size(sum(entry.bytes for entry in sums[kind])), _used(sums[kind]))
        for kind in EVICTABLE
    ]
    rows += [(kind, "", _size(size), "not pruned") for kind, size in rest.items()]
    if every:
        rows = [(one.kind, one.key, _size(one.bytes), _moment(one)) for one in found]
    display.table(("kind", "entry" if every else "entries", "size", "last used (UTC)"), rows)
    most = _size(bounds.max_bytes) if bounds.max_bytes else "any size"
    days = f"{bounds.max_days} days without use" if bounds.max_days else "any age"
    display.note(f"\n{cache.root}: kept up to {most} and {days}")
    _show_warm(warm)


def prune_(
    max_size: Annotated[
        str | None, typer.Option(help="Keep at most so much, like 10GB.", show_default="setting")
    ] = None,
    max_age: Annotated[
        int | None,
        typer.Option(min=0, help="Keep what was used in so many days.", show_default="setting"),
    ] = None,
    dry_run: DryRun = False,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Remove what was not used for longest; never what is in use."""
    place = look(None, home)
    usual = _bounds(place)
    try:
        most = usual.max_bytes if max_size is None else parse_size(max_size)
    except ValueError as error:
        raise Invalid("size-refused", str(error), hint="Write it like 10GB.") from None
    days = usual.max_days if max_age is None else max_age
    pruned = prune(Cache(place.cache), Bounds(most, days), dry_run=dry_run)
    if output is options.Form.json:
        removed = [_as_dict(entry) for entry in pruned.entries]
        display.data(
            {
                "dry_run": dry_run,
                "removed": removed,
                "bytes": pruned.bytes,
                "damaged": pruned.damaged,
            }
        )
        return
    display.table(
        ("kind", "entry", "size", "last used (UTC)"),
        [(one.kind, one.key, _size(one.bytes), _moment(one)) for one in pruned.entries],
        empty="Nothing is too old or too much.",
    )
    if pruned.entries:
        verb = "Would free" if dry_run else "Freed"
        display.note(f"\n{verb} {_size(pruned.bytes)}")


def verify(
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Read every byte of files and packages, and set aside what is damaged.

    It is made anew when it is next needed. Exit status 7: something was damaged.
    """
    place = look(None, home)
    with display.progress() as progress:
        progress.say("Reading everything in the cache")
        report = verify_all(Cache(place.cache))
    if output is options.Form.json:
        display.data(report_of(report))
    else:
        display.table(
            ("kind", "entry", "damage"),
            [(one.kind, one.key, "; ".join(one.differences)) for one in report.damaged],
            empty=f"All {report.looked_at} entries are what was written.",
        )
    if report.damaged:
        display.note("\nWhat is damaged and not in use was set aside; it is made anew when needed.")
        raise typer.Exit(FAILED)


def report_of(report: Report) -> dict[str, Any]:
    damaged = [
        {
            "kind": one.kind,
            "key": one.key,
            "differences": one.differences,
            "set_aside": one.set_aside,
        }
        for one in report.damaged
    ]
    return {"ok": not damaged, "looked_at": report.looked_at, "damaged": damaged}


def _bounds(place: Place) -> Bounds:
    environ = {**os.environ, **place.environ}
    return bounds_of(
        environ.get("TAXIWAY_CACHE_MAX_SIZE", ""), environ.get("TAXIWAY_CACHE_MAX_AGE", "")
    )


def _sum(found: list[Entry]) -> dict[str, int]:
    return {"entries": len(found), "bytes": sum(entry.bytes for entry in found)}


def _as_dict(entry: Entry) -> dict[str, Any]:
    moment = datetime.fromtimestamp(entry.used_at, UTC).isoformat()
    facts = {"kind": entry.kind, "key": entry.key, "bytes": entry.bytes}
    return {**facts, "used_at": moment, "in_use": entry.in_use}


def _used(found: list[Entry]) -> str:
    return _moment(found[-1]) if found else ""


def _moment(entry: Entry) -> str:
    if entry.in_use:
        return "in use"
    return display.moment(datetime.fromtimestamp(entry.used_at, UTC).isoformat())


def _show_warm(warm: list[Living]) -> None:
    if not warm:
        return
    display.note("\nWarm processes:")
    display.table(
        ("environment", "pid", "age", "idle", "tasks", "memory"),
        [
            (
                one.environment[:12],
                one.pid,
                _span(one.age),
                _doing(one),
                one.forked,
                _size(one.bytes),
            )
            for one in warm
        ],
    )


def _doing(one: Living) -> str:
    if not one.is_ready:
        return "importing"
    return f"runs {one.running}" if one.running else _span(one.idle)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


VERBS = {"show": show, "prune": prune_, "verify": verify}
