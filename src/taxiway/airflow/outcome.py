"""Our errors as Airflow's: fail now, retry as the task says, or come back later."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
)

from taxiway.errors import NotFound, TaskFailed, TaxiwayError, Unavailable

# Ten waits of up to a minute, about eight minutes: long enough for a restart, short enough to hear
# of a fault on the same day. A wait uses up no try, so it works for a task without retries.
MAX_WAITS = 10
# Airflow's supervisor may notice the end of a task's process as late as its next heartbeat, after
# `[workers] min_heartbeat_interval`, 5 s. A task that was queued again by then is taken for one
# that ended while it was queued, and failed, so the shortest wait is well above that.
FIRST_WAIT = 10
LONGEST_WAIT = 60

_log = logging.getLogger("taxiway")


@contextmanager
def translated(context: Any) -> Iterator[None]:
    """Raise Airflow's exception for whatever of ours the block raises; others pass."""
    try:
        yield
    except TaskFailed as error:
        raise AirflowException(described(error)) from None
    except (Unavailable, NotFound) as error:
        # What a sealed release names is in the storage for good: if it is not found, the storage
        # is away (not mounted, say), and that may mend.
        raise _later(error, context.get("task_reschedule_count") or 0) from None
    except TaxiwayError as error:
        raise AirflowFailException(described(error)) from None


def described(error: TaxiwayError) -> str:
    hint = f"\nhint: {error.hint}" if error.hint else ""
    return f"{error} ({error.code}){hint}"


def _later(error: TaxiwayError, waits: int) -> Any:
    if waits >= MAX_WAITS:
        return AirflowException(f"Given up after {waits} waits: {described(error)}")
    seconds = min(FIRST_WAIT * 2**waits, LONGEST_WAIT)
    _log.warning("Waiting %d s (%d of %d): %s", seconds, waits + 1, MAX_WAITS, described(error))
    return AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=seconds))
