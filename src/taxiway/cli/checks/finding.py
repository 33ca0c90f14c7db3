"""What a check finds, and how checks are run: together, each for a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from taxiway.errors import TaxiwayError

SECONDS = 15.0


@dataclass(frozen=True)
class Finding:
    """`skip` is for what cannot be looked at, because something else is missing."""

    check: str
    status: Literal["ok", "warn", "fail", "skip"]
    detail: str
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


Check = Callable[[], Sequence[Finding]]


def run_checks(checks: Mapping[str, Check], seconds: float = SECONDS) -> list[Finding]:
    """The findings of all checks in their order; one that does not end in time has failed."""
    found: dict[str, Sequence[Finding]] = {}

    def run(name: str, check: Check) -> None:
        found[name] = _safely(name, check)

    # Daemons: one that hangs keeps nobody from leaving.
    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in checks.items()]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = f"No answer within {seconds:g} s"
    hint = "Something that it asks hangs; look at the load of this machine, and try again."
    return [
        finding
        for name in checks
        for finding in found.get(name, (Finding(name, "fail", late, hint),))
    ]


def _safely(name: str, check: Check) -> Sequence[Finding]:
    try:
        return check()
    except TaxiwayError as error:
        return (Finding(name, "fail", str(error), error.hint),)
    except Exception as error:  # a check that breaks is a finding too
        return (Finding(name, "fail", f"The check broke: {type(error).__name__}: {error}"),)
