"""One task's process, from its start to the last of its descendants.

What is above (the release, the snapshot, the environment) is `execute`'s; here they are paths.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taxiway.errors import TaxiwayError
from taxiway.runner.environ import CA_VARIABLES, build_environ
from taxiway.runner.host import Host
from taxiway.runner.identity import Identity, choose_identity
from taxiway.runner.launch import (
    ENTRYPOINT,
    INSIDE,
    Launched,
    Starting,
    launch,
    start_keeper,
)
from taxiway.runner.pump import Pump
from taxiway.runner.records import Came
from taxiway.runner.values import ValueExchange
from taxiway.runner.verdict import Stop, conclude
from taxiway.runner.warm.client import Order, WarmProcess
from taxiway.runner.workspace import Workspace

INLINE_MODULE = "taxiway_inline"
_GRACE = 10.0  # seconds for the pump to finish what it is in the middle of, after a kill


@dataclass(frozen=True)
class Wiring:
    """How values come and go. `upstream` are all tasks that run before, `mapped` those of them
    that have a value for each of many elements; `inputs` say which parameter gets what of them,
    `received` are elements that were handed over. `elements`: other tasks expand over what this
    one returns."""

    upstream: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    received: dict[str, Any] = field(default_factory=dict)
    elements: bool = False


@dataclass(frozen=True)
class Work:
    """What is to be run, with what is there on this host. `source` is the code of an inline
    task; else `script_path` and `function_name` say where the function is in `snapshot`."""

    task: str
    python: Path
    environment: Path
    snapshot: Path | None = None
    script_path: str | None = None
    function_name: str | None = None
    source: str | None = None
    commit: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    private: frozenset[str] = frozenset()  # which of `env` are secrets
    timeout: float | None = None
    wiring: Wiring = field(default_factory=Wiring)
    limits: dict[str, int] = field(default_factory=dict)  # of a value: size and depth


@dataclass(frozen=True)
class Worker:
    """What the worker lends: its own environment, which of it user code may see, and as whom
    user code runs. `identity` overrides the choice."""

    env: Mapping[str, str]
    env_pass: tuple[str, ...] = ()
    run_as_user: str = "nobody"
    identity: Identity | None = None


class Supervision:
    """Runs `work` once. `run()` blocks; `kill()` may come from a signal handler."""

    def __init__(
        self,
        work: Work,
        host: Host,
        workspace: Workspace,
        values: ValueExchange,
        worker: Worker,
        starting: Callable[[], Starting] = start_keeper,
        warm: WarmProcess | None = None,
    ) -> None:
        self._work = work
        self._host = host
        self._workspace = workspace
        self._values = values
        self._worker = worker
        self._starting = starting
        self._warm = warm
        self._lifeline = -1
        self._killed = False
        self.timings: dict[str, float] = {}  # seconds, of what `run` has come to
        self.inputs: dict[str, dict[str, Any]] = {}  # what the task received, as far as it came
        self.came = Came()

    def kill(self) -> None:
        """End the task and all it started: one system call, no lock, no log."""
        self._killed = True
        self._end()

    def run(self) -> Any:
        """The encoded value; errors as `conclude` says. No process of the task is left then."""
        began = time.monotonic()
        self._fill_workspace()
        launched = self._launch()
        self._lifeline = launched.lifeline
        pump = self._start_pump(launched)
        timeout = self._work.timeout
        in_time = False
        try:
            if self._killed:
                self._end()
            in_time = pump.done.wait(timeout)
        finally:
            if not in_time:
                self._end()
                pump.done.wait(_GRACE)  # an answer that the host is in the middle of
            self._let_go(launched, pump)
            self.timings = phases(began, pump.report.marks, time.monotonic())
            self.inputs = pump.report.inputs
            if self._warm is not None:
                self._warm.learn(pump.report.modules)
        stop = Stop(canceled=self._killed, after=None if in_time else timeout)
        try:
            message = conclude(pump.report, stop, task=self._work.task, host=self._host)
        except Exception:
            with contextlib.suppress(TaxiwayError):  # how the task ended matters more
                self.came = Came(artifacts=self._values.store_artifacts())
            raise
        self._values.store(message.get("files", []), final=True)
        value, summary = message.get("result"), message.get("summary")
        told = summary if isinstance(summary, dict) else {}
        self.came = Came(value, told, self._values.store_artifacts(), ended_well=True)
        return value

    def _end(self) -> None:
        if self._lifeline >= 0:
            with contextlib.suppress(OSError):
                os.write(self._lifeline, b"k")

    def _let_go(self, launched: Launched, pump: Pump) -> None:
        """The keeper ends at the end of its lifeline at the latest, and all below it before."""
        self._lifeline = -1
        os.close(launched.lifeline)
        launched.keeper.wait()
        if not pump.done.wait(_GRACE):
            pump.stop()

    def _fill_workspace(self) -> None:
        if self._work.snapshot is not None:
            self._workspace.link(self._work.snapshot)
        if self._work.source is not None:
            path = self._workspace.inline / f"{INLINE_MODULE}.py"
            path.write_text(self._work.source, encoding="utf-8", errors="surrogatepass")
            path.chmod(0o444)

    def _launch(self) -> Launched:
        identity = self._worker.identity or self._choose_identity()
        if identity.uid is not None and identity.gid is not None:
            self._workspace.give_to(identity.uid, identity.gid)
        payload, env = self._payload(), self._environ(identity)
        if self._warm is not None:
            order = self._order(env, identity)
            if (forked := self._warm.fork(payload, order)) is not None:
                return forked
        return launch(
            self._work.python,
            payload,
            env=env,
            cwd=self._workspace.work,
            identity=identity,
            remove=self._workspace.folders,
            starting=self._starting(),
        )

    def _order(self, env: dict[str, str], identity: Identity) -> Order:
        work, space = self._work, self._workspace
        own = [*space.folders, *([work.snapshot] if work.snapshot else [])]
        path = self._import_path()
        return Order(env, work.private, path, space.work, identity, space.folders, own)

    def _start_pump(self, launched: Launched) -> Pump:
        pump = Pump(
            stdout=launched.stdout,
            stderr=launched.stderr,
            status=launched.status,
            channel=launched.channel,
            host=self._host,
            values=self._values,
            mapped=self._work.wiring.mapped,
        )
        pump.start()
        return pump

    def _choose_identity(self) -> Identity:
        work, env = self._work, self._worker.env
        interpreter = work.python.resolve().parents[1]
        needed = {ENTRYPOINT, INSIDE, interpreter, work.environment, *_homes(work.environment)}
        if work.snapshot is not None:
            needed.add(work.snapshot)
        libraries = env.get("LD_LIBRARY_PATH", "").split(":")
        named = [*libraries, *(env.get(name, "") for name in CA_VARIABLES)]
        return choose_identity(
            self._worker.run_as_user,
            needed=needed,
            written=self._workspace.folders,
            owned=self._workspace.owned,
            useful=[Path(n) for n in named if n.startswith("/") and Path(n).exists()],
        )

    def _payload(self) -> dict[str, Any]:
        work, space, wiring = self._work, self._workspace, self._work.wiring
        is_inline = work.source is not None
        names = {str(space.inline / f"{INLINE_MODULE}.py"): f"task {work.task}"}
        if work.snapshot is not None:
            names |= {str(work.snapshot): "", str(space.work): ""}
        return {
            "task": work.task,
            "root": str(work.snapshot),
            "inline": str(space.inline),
            "script": f"{INLINE_MODULE}.py" if is_inline else work.script_path,
            "function": work.function_name,
            "source": work.source,
            "params": work.params,
            "context": work.context,
            "commit": work.commit,
            "import_path": self._import_path(),
            "outbox": str(space.out),
            "artifacts": str(space.artifacts),
            "limits": work.limits,
            "upstream": list(wiring.upstream),
            "inputs": wiring.inputs,
            "received": wiring.received,
            "elements": wiring.elements,
            "names": names,
            "learn": self._warm is not None,
        }

    def _import_path(self) -> list[str]:
        """The script's folder, `src/` if present, the root; then the code of an inline task."""
        root, work = self._work.snapshot, self._work
        paths = []
        if root is not None:
            folder = (root / work.script_path).parent if work.script_path else root
            paths = [folder, *([root / "src"] if (root / "src").is_dir() else []), root]
        if work.source is not None:
            paths.append(self._workspace.inline)
        return list(dict.fromkeys(map(str, paths)))

    def _environ(self, identity: Identity) -> dict[str, str]:
        return build_environ(
            self._worker.env,
            passed=self._worker.env_pass,
            declared=self._work.env,
            python=self._work.python,
            folders={"HOME": str(self._workspace.home), "TMPDIR": str(self._workspace.tmp)},
            import_path=self._import_path(),
            user=identity.name,
        )


def phases(began: float, marks: Mapping[str, float], ended: float) -> dict[str, float]:
    """Seconds of `start`, `import` and `function`; one that was not come to is left out."""
    moments = {"start": began, **marks}
    names = [name for name in ("start", "import", "function") if name in moments]
    ends = [*(moments[name] for name in names[1:]), moments.get("end", ended)]
    return {name: max(0.0, end - moments[name]) for name, end in zip(names, ends, strict=True)}


def _homes(environment: Path) -> set[Path]:
    """Where the environment says that its interpreter lives; it may be by way of a link."""
    try:
        lines = (environment / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return set()
    pairs = (line.partition("=") for line in lines)
    homes = {Path(value.strip()).parent for key, _, value in pairs if key.strip() == "home"}
    return {home for home in homes if home.is_dir()}
