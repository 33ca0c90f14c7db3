from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
)

from taxiway.airflow.outcome import LONGEST_WAIT, MAX_WAITS, translated
from taxiway.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    TaskFailed,
    TaxiwayError,
    Unavailable,
)


def outcome_of(error: Exception, context: dict[str, Any] | None = None) -> BaseException:
    with pytest.raises(BaseException) as caught, translated(context or {}):
        raise error
    return caught.value


@pytest.mark.parametrize("kind", [Invalid, Conflict, Denied])
def test_what_a_retry_cannot_mend_fails_now(kind: type[Exception]) -> None:
    error = outcome_of(kind("some-code", "It is so", hint="Do this."))
    assert type(error) is AirflowFailException
    assert str(error) == "It is so (some-code)\nhint: Do this."


def test_a_failed_task_is_retried_as_it_says() -> None:
    error = outcome_of(TaskFailed("task-raised", "It raised"))
    assert type(error) is AirflowException


@pytest.mark.parametrize("kind", [Unavailable, NotFound])
def test_what_may_mend_comes_back_later(
    kind: type[TaxiwayError], caplog: pytest.LogCaptureFixture
) -> None:
    """A sealed release names nothing that was not stored: what is missing is away."""
    with caplog.at_level(logging.WARNING, "taxiway"):
        error = outcome_of(kind("storage-failed", "No answer"))
    assert isinstance(error, AirflowRescheduleException)
    assert timedelta(0) < error.reschedule_date - datetime.now(UTC) <= timedelta(seconds=10)
    assert "No answer (storage-failed)" in caplog.text


def test_waits_grow_and_end() -> None:
    waits = []
    for count in range(MAX_WAITS):
        error = outcome_of(Unavailable("x", "y"), {"task_reschedule_count": count})
        assert isinstance(error, AirflowRescheduleException)
        waits.append(round((error.reschedule_date - datetime.now(UTC)).total_seconds()))
    assert waits == sorted(waits) and waits[-1] == LONGEST_WAIT
    last = outcome_of(Unavailable("x", "y"), {"task_reschedule_count": MAX_WAITS})
    assert type(last) is AirflowException and "y (x)" in str(last)


def test_a_wait_outlasts_the_process_that_asked_for_it() -> None:
    """Airflow's supervisor may notice the end of the process a heartbeat late; queued again by
    then, the task would be failed."""
    error = outcome_of(Unavailable("x", "y"))
    assert isinstance(error, AirflowRescheduleException)
    late = conf.getint("workers", "min_heartbeat_interval")
    assert error.reschedule_date - datetime.now(UTC) > 1.9 * timedelta(seconds=late)


def test_a_bug_of_ours_is_not_dressed_up() -> None:
    assert isinstance(outcome_of(KeyError("k")), KeyError)


def test_a_value_passes() -> None:
    with translated({}):
        pass
