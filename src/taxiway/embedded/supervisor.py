"""Starts, watches and ends the parts of one stack.

    with Supervisor(config, plan=plan) as supervisor:   # or start() and stop()
        supervisor.wait_ready()

One thread watches; what happens is told by `say`, one line at a time. Usable in any process:
when that process is killed, the wardens see it and end their parts.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from taxiway.embedded import remains, stack
from taxiway.embedded.config import StackConfig
from taxiway.embedded.part import Part, PartSpec
from taxiway.embedded.remains import Identity
from taxiway.embedded.stack import RunningStack
from taxiway.embedded.warden import POLITE_SECONDS
from taxiway.errors import Conflict, Invalid, Unavailable

Say = Callable[[str], None]
GIVE_UP_AFTER = 4  # deaths of one part before the stack was ever ready
READY_SECONDS = 420.0
_WATCH_SECONDS = 0.1
_PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """What to start, where it will answer, and how to tell whether it does.

    `missing` names what is not ready yet; nothing means ready.
    """

    parts: Sequence[PartSpec]
    server_url: str
    airflow_url: str
    missing: Callable[[], Sequence[str]] = field(default=lambda: ())


Planner = Callable[[StackConfig, str, Say], Plan]  # the text is the token of the stack


class Supervisor:
    """The parts of one home, from `start` to `stop`."""

    def __init__(self, config: StackConfig, *, plan: Planner, say: Say = lambda line: None) -> None:
        self.config = config
        self._planner = plan
        self._say = say
        self._claim = contextlib.ExitStack()
        self._parts: dict[str, Part] = {}
        self._stack: RunningStack | None = None
        self._plan: Plan | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._fault: BaseException | None = None
        self._was_ready = False

    @property
    def stack(self) -> RunningStack:
        assert self._stack is not None, "start() comes first"
        return self._stack

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> RunningStack:
        """Claim the home, end what a killed predecessor left, and start the parts.

        Raises `Conflict` (`stack-running`, `port-taken`).
        """
        self.config.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.ExitStack() as claim:
            claim.enter_context(stack.exclusive(self.config.home))
            self._end_remains()
            token = secrets.token_hex(16)
            self._plan = self._planner(self.config, token, self._say)
            self.config.logs.mkdir(parents=True, exist_ok=True)
            for spec in self._plan.parts:
                self._parts[spec.name] = Part(spec, self.config.logs / f"{spec.name}.log")
            me = Identity.of(os.getpid())
            assert me is not None
            self._stack = RunningStack(
                self.config.home,
                me,
                token,
                self._plan.server_url,
                self._plan.airflow_url,
                tuple(spec.name for spec in self._plan.parts if not spec.once),
            )
            stack.write(self._stack)
            self._claim = claim.pop_all()
        self._watcher = threading.Thread(target=self._watch, name="taxiway-supervisor", daemon=True)
        self._watcher.start()
        return self._stack

    def wait_ready(self, seconds: float = READY_SECONDS) -> RunningStack:
        """Return when every part is ready; raise `Unavailable` when that will not come."""
        assert self._plan is not None, "start() comes first"
        began = told = time.monotonic()
        while missing := self._missing():
            if self._fault is not None:
                raise self._fault
            now = time.monotonic()
            if now - began > seconds:
                raise self._late(seconds, missing)
            if now - told >= _PROGRESS_SECONDS:
                told = now
                self._say(f"  {now - began:3.0f} s: waiting for {', '.join(missing)}")
            if self._stopping.wait(0.1):
                raise Conflict("stack-stopped", "The stack was stopped before it was ready")
        self._was_ready = True
        return self.stack

    def stop(self) -> None:
        """End every part and all that descends from it; calling it again does nothing."""
        if self._stack is None:
            return
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        parts = [part for part in self._parts.values() if part.runs]
        for part in parts:
            part.tell_to_end()
        for part in parts:
            part.wait(part.spec.grace + POLITE_SECONDS + 3)
        remains.end(self._stack.parts.values(), self._stack.token, grace=0)
        stack.forget(self.config.home)
        self._stack = None
        self._claim.close()

    def _end_remains(self) -> None:
        old = stack.recorded(self.config.home)
        if old is None:
            return
        if remains.find(old.parts.values(), old.token):
            self._say(f"The stack of process {old.pid} was killed; ending what is left of it")
        count = remains.end(old.parts.values(), old.token, grace=10)
        if count:
            self._say(f"  {count} processes ended; going on where it was")
        stack.forget(self.config.home)

    def _missing(self) -> list[str]:
        """What is not ready: parts that do not run yet, then what the parts say of themselves."""
        assert self._plan is not None
        steps = [p.spec.what or p.spec.name for p in self._parts.values() if _is_open(p)]
        return steps or list(self._plan.missing())

    def _late(self, seconds: float, missing: Sequence[str]) -> Unavailable:
        return Unavailable(
            "stack-not-ready",
            f"After {seconds:.0f} s these are not ready: {', '.join(missing)}",
            hint=f"Their logs are in {self.config.logs}.",
        )

    def _watch(self) -> None:
        try:
            while not self._stopping.wait(_WATCH_SECONDS):
                self._look()
        except BaseException as error:  # shown by wait_ready, and by the command line
            self._fault = error

    def _look(self) -> None:
        changed = False
        for part in self._parts.values():
            status = part.check()
            if status is not None:
                changed = True
                if not part.done:
                    self._died(part, status)
            if part.due and self._may_start(part):
                part.start()
                changed = True
        if changed:
            self._record()

    def _may_start(self, part: Part) -> bool:
        return part.spec.after is None or self._parts[part.spec.after].done

    def _record(self) -> None:
        identities = {name: part.identity for name, part in self._parts.items()}
        self._stack = self.stack.with_parts({k: v for k, v in identities.items() if v})
        stack.write(self._stack)

    def _died(self, part: Part, status: int) -> None:
        if status == part.spec.refusal and not self._was_ready:
            said = "\n".join(part.tail()).removeprefix("error: ")
            self._fault = self._fault or Invalid("settings-refused", said)
            return
        ended = f"with exit status {status}" if status < 128 else f"by signal {status - 128}"
        self._say(f"{part.spec.name} ended {ended}; its last lines ({part.log}):")
        for line in part.tail():
            self._say(f"    {line}")
        if not self._was_ready and part.failures >= GIVE_UP_AFTER:
            self._fault = self._fault or Unavailable(
                "stack-part-failed",
                f"{part.spec.name} ended {part.failures} times before the stack was ready",
                hint=f"Its log says why: {part.log}",
            )
        elif self._fault is None:
            self._say(f"  starting {part.spec.name} again in {part.delay:.1f} s")

    def watch(self) -> None:
        """Block while the parts are being watched; raise what ended that."""
        while self._fault is None:
            self._stopping.wait(1)
        raise self._fault


def _is_open(part: Part) -> bool:
    return not part.done if part.spec.once else not part.runs
