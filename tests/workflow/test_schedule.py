from __future__ import annotations

from datetime import UTC, datetime

import pytest
from croniter import croniter

from taxiway.errors import Invalid
from taxiway.workflow.schedule import (
    PRESETS,
    check_schedule,
    check_timezone,
    count_ticks,
    cron_of,
    next_tick,
)


@pytest.mark.parametrize(
    "schedule",
    ["* * * * *", "*/15 0-6 1,15 * *", "0 0 * * MON-FRI", "0 0 L * *", "0 0 29 2 *", "0 9 * jan *"],
)
def test_five_fields_are_accepted_as_they_are(schedule: str) -> None:
    assert check_schedule(schedule) == schedule


def test_blanks_around_and_between_fields_do_not_matter() -> None:
    assert check_schedule("  30\t6  * * 1-5 ") == "30 6 * * 1-5"


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_stand_for_five_fields(preset: str) -> None:
    assert check_schedule(preset) == preset
    assert len(croniter(cron_of(preset)).expanded) == 5


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("0 0 * * * *", "has 6 fields"),
        ("0 0 * * * * 2026", "has 7 fields"),
        ("daily", "has 1 fields"),
        ("@once", "not one of the presets"),
        ("@continuous", "not one of the presets"),
        ("@Daily", "not one of the presets"),
        ("60 * * * *", "out of range"),
        ("*/0 * * * *", "not acceptable"),
        ("R R * * *", "random"),
        ("1,r(2-5) * * * *", "random"),
        ("H * * * *", "random"),
        ("0 0 31 2 *", "never comes"),
        ("٠ 0 * * *", "not acceptable"),
        ("\x00 * * * *", "not acceptable"),
        ("- - - - -", "not acceptable"),
    ],
)
def test_what_airflow_would_not_run_as_it_reads_is_refused(schedule: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as caught:
        check_schedule(schedule)
    assert caught.value.code == "schedule-refused"
    assert caught.value.hint


def test_six_fields_get_a_hint_about_seconds() -> None:
    with pytest.raises(Invalid) as caught:
        check_schedule("0 0 6 * * *")
    assert "Seconds" in caught.value.hint


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_time_zones_of_the_iana_database_are_known(name: str) -> None:
    assert check_timezone(name) == name


@pytest.mark.parametrize(
    "name", ["", "Berlin", "europe/berlin", "../UTC", "/etc/localtime", "+01:00"]
)
def test_other_time_zones_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_timezone(name)
    assert caught.value.code == "timezone-unknown"


def test_ticks_are_counted_with_both_ends_and_not_far_above_the_limit() -> None:
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    assert count_ticks("@daily", "UTC", first, last, limit=10) == 3
    assert count_ticks("0 0 * * *", "Europe/Berlin", first, last, limit=10) == 2
    assert count_ticks("* * * * *", "UTC", first, last, limit=10) == 11
    assert count_ticks("0 0 1 2 *", "UTC", first, last, limit=10) == 0


def test_the_next_tick_is_told_in_utc_and_meant_in_the_time_zone() -> None:
    winter = datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert next_tick("30 6 * * *", "Europe/Berlin", winter) == datetime(
        2026, 1, 16, 5, 30, tzinfo=UTC
    )
    assert next_tick("@daily", "UTC", winter) == datetime(2026, 1, 16, tzinfo=UTC)
    on_the_tick = datetime(2026, 1, 16, tzinfo=UTC)
    assert next_tick("@daily", "UTC", on_the_tick) == datetime(2026, 1, 17, tzinfo=UTC)


@pytest.mark.parametrize(("schedule", "timezone"), [("never", "UTC"), ("@daily", "Nowhere/Else")])
def test_what_an_older_database_may_hold_has_no_next_tick(schedule: str, timezone: str) -> None:
    assert next_tick(schedule, timezone, datetime(2026, 1, 1, tzinfo=UTC)) is None
