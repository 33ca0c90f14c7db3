"""Which schedules and time zones are accepted: those that Airflow runs as they read.

Airflow takes more: six fields (the sixth means seconds to the library, and nothing to Airflow),
random fields (another schedule at each parse), `@once` and `@continuous`. Those are refused.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from croniter import croniter
from croniter.croniter import CroniterBadDateError, CroniterError

from taxiway.errors import Invalid, Problem

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_EXAMPLE = (
    'Write five fields (minute, hour, day, month, weekday) as in "30 6 * * 1-5", or a preset: '
)
_HINT = _EXAMPLE + ", ".join(PRESETS) + "."


def check_schedule(schedule: str) -> str:
    """The schedule with single spaces; `Invalid` (`schedule-refused`) when it cannot run."""
    text = " ".join(schedule.split())
    if text.startswith("@"):
        if text not in PRESETS:
            raise _refused(f"The schedule {text!r} is not one of the presets", _preset_hint(text))
        return text
    fields = text.split(" ")
    if len(fields) != 5:
        raise _refused(
            f"The schedule {text!r} has {len(fields)} fields; five are needed", _count_hint(fields)
        )
    if any(_is_random(item) for field in fields for item in field.split(",")):
        raise _refused(f"The schedule {text!r} is random: each look at it gives other times")
    try:
        croniter(text, datetime(2024, 1, 1, tzinfo=UTC)).get_next(datetime)
    except CroniterBadDateError:
        raise _refused(f"The schedule {text!r} never comes: there is no such day") from None
    except (CroniterError, ValueError, KeyError, IndexError) as error:
        raise _refused(f"The schedule {text!r} is refused: {error}") from None
    return text


def cron_of(schedule: str) -> str:
    """The five fields that a preset stands for; other schedules as they are."""
    return PRESETS.get(schedule, schedule)


def count_ticks(
    schedule: str, timezone: str, first: datetime, last: datetime, *, limit: int
) -> int:
    """How many ticks lie between two moments, both counted; it stops above `limit`."""
    begin = (first - timedelta(seconds=1)).astimezone(zoneinfo.ZoneInfo(timezone))
    ticks = croniter(cron_of(schedule), begin)
    count = 0
    while count <= limit:
        try:
            tick = ticks.get_next(datetime)
        except CroniterBadDateError:
            break
        if tick > last:
            break
        count += tick >= first
    return count


def next_tick(schedule: str, timezone: str, after: datetime) -> datetime | None:
    """The first tick after a moment, in UTC; None for a schedule that never comes."""
    try:
        begin = after.astimezone(zoneinfo.ZoneInfo(timezone))
        tick: datetime = croniter(cron_of(schedule), begin).get_next(datetime)
    except (CroniterError, ValueError, KeyError, IndexError):  # of an older database
        return None
    return tick.astimezone(UTC)


def check_timezone(name: str) -> str:
    """`name`, when it is a time zone of the IANA database (`timezone-unknown` otherwise)."""
    if name != "UTC" and name not in _timezones():
        hint = "Use a name of the IANA time zone database, for example UTC or Europe/Berlin."
        message = f"There is no time zone {name!r}"
        raise Invalid(
            "timezone-unknown",
            message,
            hint=hint,
            problems=[Problem("timezone-unknown", message, "/timezone", hint)],
        )
    return name


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _is_random(item: str) -> bool:
    """Whether croniter reads it as random or hashed: `R`, `R(1-5)`, `H`, `H/15`."""
    return item[:1] in ("r", "R", "h", "H")  # no month or weekday begins so


def _count_hint(fields: list[str]) -> str:
    if len(fields) == 6:
        return "Seconds and years are not supported: leave the sixth field out. " + _HINT
    return _HINT


def _preset_hint(text: str) -> str:
    if text in ("@once", "@continuous"):
        return f"{text} is not supported: leave the schedule out and start runs by hand. " + _HINT
    return _HINT


def _refused(message: str, hint: str = _HINT) -> Invalid:
    problem = Problem("schedule-refused", message, "/schedule", hint)
    return Invalid("schedule-refused", message, hint=hint, problems=[problem])
