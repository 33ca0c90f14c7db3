"""The web UI in a real browser: large graphs, grids and logs of a real server, Airflow in memory.

Frames are measured as the page sees them: the time from one to the next while it is moved. A
machine that is busy otherwise shows in them.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.measure import Options, Row, alone, percentile
from taxiway.embedded import ports
from taxiway.process import PIPE, spawn

SMOOTH = 0.034  # two frames of a screen that shows sixty a second
GRAPH_GOAL, GRID_GOAL, LOG_GOAL, SEARCH_GOAL = 2.0, 2.0, 2.0, 1.0
_SECONDS = 120_000  # in milliseconds
_FRAMES = 120
_WATCH = """
window.seen = {long: [], frames: [], on: false};
new PerformanceObserver((list) => list.getEntries().forEach((one) => seen.long.push(one.duration)))
  .observe({type: "longtask", buffered: true});
const tick = (now) => { if (seen.on) seen.frames.push(now); requestAnimationFrame(tick); };
requestAnimationFrame(tick);
"""
_SCROLL = """async ([place, name, step, frames]) => {
  const moved = document.querySelector(place);
  for (let frame = 0; frame < frames; frame++) {
    moved[name] += step;
    await new Promise(requestAnimationFrame);
  }
}"""


def measure(options: Options) -> Iterator[Row]:
    with served(options) as (url, addresses), browser() as started:
        yield from _graph(Visits(started, url + addresses["graph"]), options)
        yield from _run(Visits(started, url + addresses["run"]), options)
        yield from _grid(Visits(started, url + addresses["grid"]), options)
        yield from _log(Visits(started, url + addresses["log"]), options)
        yield from _live_log(Visits(started, url + addresses["live log"]), options)


class Visits:
    """Visits of one address, each in a page of its own."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self.loads: list[float] = []
        self.frames: list[float] = []
        self.longest: list[float] = []
        self.memory: list[float] = []

    @contextmanager
    def page(self, ready: str) -> Iterator[Page]:
        """Open it, and wait until the first of `ready` is there."""
        page = self._browser.new_page(viewport={"width": 1360, "height": 844})
        page.set_default_timeout(_SECONDS)
        page.add_init_script(_WATCH)
        began = time.perf_counter()
        page.goto(self._address)
        page.locator(ready).first.wait_for(state="attached")
        self.loads.append(time.perf_counter() - began)
        page.wait_for_timeout(1000)
        yield page
        self.memory.append(_memory(page))
        page.close()

    @contextmanager
    def watched(self, page: Page) -> Iterator[None]:
        page.evaluate("Object.assign(seen, {long: [], frames: [], on: true})")
        yield
        seen = page.evaluate("seen.on = false, seen")
        times = seen["frames"]
        self.frames += [(b - a) / 1000 for a, b in pairwise(times)]
        self.longest.append(max(seen["long"], default=0))

    def loaded(self, what: str, goal: float) -> Row:
        beside = f"memory of the page: {statistics.median(self.memory):.0f} MB"
        return alone(what, statistics.median(self.loads), goal=goal, beside=beside)

    def moved(self, what: str) -> Row:
        slow = sum(one > SMOOTH for one in self.frames) / len(self.frames)
        beside = f"slower than that: {slow:.1%} of {len(self.frames)} frames; "
        beside += f"longest task: {max(self.longest):.0f} ms"
        return alone(what, percentile(self.frames, 0.95), goal=SMOOTH, beside=beside)


def _graph(visits: Visits, options: Options) -> Iterator[Row]:
    for _ in range(options.slow_pairs):
        with visits.page(".react-flow__node") as page, visits.watched(page):
            _drag(page)
    what = f"Graph of {options.sized(500)} tasks while one of its runs goes on"
    yield visits.loaded(f"{what}, until tasks are seen", GRAPH_GOAL)
    yield visits.moved(f"{what}, p95 of a frame while it is dragged and zoomed")


def _run(visits: Visits, options: Options) -> Iterator[Row]:
    for _ in range(options.slow_pairs):
        with visits.page(".react-flow__node") as page:
            page.get_by_role("button", name="Fit View").click()
            with visits.watched(page):
                page.wait_for_timeout(4000)
    what = f"Run of {options.sized(500)} tasks, all in sight"
    yield visits.moved(f"{what}, p95 of a frame while states change")


def _drag(page: Page) -> None:
    box = page.locator(".react-flow__pane").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.9, box["y"] + 8
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(_FRAMES):
        page.mouse.move(x - 6 * step, y + step)
    page.mouse.up()
    for _ in range(12):
        page.mouse.wheel(0, 120)
        page.wait_for_timeout(30)


def _grid(visits: Visits, options: Options) -> Iterator[Row]:
    runs, tasks = options.sized(100), options.sized(50)
    for _ in range(options.slow_pairs):
        with visits.page(".grid-cell") as page, visits.watched(page):
            page.evaluate(_SCROLL, [".grid-scroll", "scrollTop", 8, _FRAMES])
            page.evaluate(_SCROLL, [".grid-scroll", "scrollLeft", -16, _FRAMES])  # from the newest
    what = f"Grid of {runs} runs × {tasks} tasks"
    yield visits.loaded(f"{what}, until the cells in sight are there", GRID_GOAL)
    yield visits.moved(f"{what}, p95 of a frame while it is scrolled")


def _log(visits: Visits, options: Options) -> Iterator[Row]:
    searches: list[float] = []
    for _ in range(options.slow_pairs):
        with visits.page(".log-line") as page:
            with visits.watched(page):
                page.evaluate(_SCROLL, [".log-lines", "scrollTop", -900, _FRAMES])
            began = time.perf_counter()
            page.get_by_label("Search the log").fill("step 1")
            page.get_by_text(" of ").and_(page.get_by_text("lines")).wait_for()
            searches.append(time.perf_counter() - began)
    what = f"Log of {options.sized(100_000):,} lines"
    yield visits.loaded(f"{what}, until its end is seen", LOG_GOAL)
    yield visits.moved(f"{what}, p95 of a frame while it is scrolled")
    took = statistics.median(searches)
    yield alone(f"{what}, a search from the key to what it found", took, goal=SEARCH_GOAL)


def _live_log(visits: Visits, options: Options) -> Iterator[Row]:
    for _ in range(options.slow_pairs):
        with visits.page(".log-line") as page, visits.watched(page):
            page.wait_for_timeout(3000)
    what = f"Log of {options.sized(100_000):,} lines that grows by 1,000 a second"
    yield visits.moved(f"{what}, p95 of a frame while it is followed")


def _memory(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "JSHeapUsedSize") / 1e6


@contextmanager
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own does not start as root
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=flags)
        yield started
        started.close()


@contextmanager
def served(options: Options) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a server with much to show, and those of its pages."""
    port, home = ports.choose(0, 0), options.scratch / "web"
    argv = [sys.executable, "-m", "benchmarks.web_driver", str(home), str(port)]
    root = Path(__file__).resolve().parents[1]
    env = {"PATH": os.environ["PATH"], "HOME": str(options.scratch)}
    process = spawn([*argv, str(options.scale)], env=env, cwd=root, stdin=PIPE)
    try:
        url = f"http://127.0.0.1:{port}"
        _until(lambda: httpx.get(f"{url}/health/live", trust_env=False).is_success)
        yield url, json.loads((home / "addresses.json").read_text())
    finally:
        process.terminate()
        process.communicate()


def _until(works: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if works():
                return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)
