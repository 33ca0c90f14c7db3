from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
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
    assert timedelta(0) < error.reschedule_date - datetime.now(UTC) <= timedelta(seconds=5)
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


def test_a_bug_of_ours_is_not_dressed_up() -> None:
    assert isinstance(outcome_of(KeyError("k")), KeyError)


def test_a_value_passes() -> None:
    with translated({}):
        pass
