"""The benchmarks run, at small sizes, so that they are not found broken when they are wanted."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from browser import CHROMIUM

from benchmarks import __main__ as command
from benchmarks import browsing, commits, lists, measure, parsing, rendering, starting, table, web
from benchmarks.measure import Options, Row
from benchmarks.parts import PARTS, Part
from benchmarks.results import Result
from benchmarks.seed import seed

OWN_PART = """
import time
from benchmarks.measure import Row

def measure(options):
    print("this is no row")
    yield Row("First", "1 ms", "", None, "", None)
"""


@pytest.fixture
def own_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "own_part.py"


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(tmp_path, pairs=1, slow_pairs=1, scale=0.001)


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    values = [float(n) for n in range(1, 101)]
    assert measure.percentile(values, 0.95) == 95
    assert measure.percentile(values, 1) == 100
    assert measure.percentile([7.0], 0.95) == 7


def test_ratios_are_of_pairs_and_not_of_medians() -> None:
    found = measure.paired([(1.0, 1.0), (8.0, 4.0), (3.0, 1.0)])
    assert (found.ours, found.theirs, found.ratio) == (3.0, 1.0, 2.0)


def test_the_page_says_where_we_lose_and_names_no_machine() -> None:
    pairs = measure.Pairs(2.0, 1.0, 2.0, 7)
    rows = [
        measure.against("Parse", "by hand", pairs, goal=1.1, counts="1 fetch"),
        measure.alone("Render", 0.1, goal=0.5),
        measure.against("Start", "the other", pairs, goal=None),
        Row("Begin", "1 ms", "", None, "", None),
    ]
    text = table.page({"parsing": Result(rows, machine=table.machine(), others=0.1)})
    line = "| Parse | 2.00 s | by hand: 1.00 s | 2.00× | 7 | 1 fetch | ≤ 1.1× | **missed** |"
    assert line in text
    assert "| Render | 100 ms |  |  |  |  | ≤ 500 ms | held |" in text
    assert "- Parse: 2.00× of by hand: 1.00 s, the goal is ≤ 1.1×." in text
    assert "- Start: 2.00× of the other: 1.00 s." in text
    assert "others used 10% of the cores" in text
    assert "- Render" not in text
    assert Path("/proc/sys/kernel/hostname").read_text().strip() not in text


def test_every_part_can_be_loaded() -> None:
    for part in PARTS.values():
        assert callable(importlib.import_module(part.module).measure)


def test_a_peer_that_fails_leaves_a_row_that_says_so() -> None:
    def refused() -> Row:
        raise RuntimeError("no such package")

    row = measure.trying("Start", "the other", refused)
    assert "no such package" in row.failed
    text = table.page({"parsing": Result([row])})
    assert "| Start | not measured | the other |" in text
    assert f"- Start, the other: {row.failed}" in text


def test_a_part_that_is_measured_again_replaces_its_own_rows_only(tmp_path: Path) -> None:
    page = tmp_path / "table.md"
    one, other = Row("One", "1 ms", "", None, "", None), Row("Two", "2 ms", "", None, "", None)
    command.write(page, "parsing", Result([one]))
    command.write(page, "lists", Result([other]))
    command.write(page, "parsing", Result([replace(one, measured="3 ms")]))
    assert "| One | 3 ms |" in page.read_text()
    assert "| Two | 2 ms |" in page.read_text()
    command.write(page, "lists", Result(failed="it hung", measured_on="today"))
    assert "| Two | 2 ms |" in page.read_text()
    assert "- Lists: last tried on today: it hung" in page.read_text()


def test_a_trial_leaves_the_table_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "TABLE", tmp_path / "docs" / "table.md")
    found = Result([Row("Render", "1 ms", "", None, "", None)])
    monkeypatch.setattr(command, "measure", lambda *_: found)
    (tmp_path / "docs").mkdir()
    assert command.main(["rendering", "--pairs", "1"]) == 0
    assert "Render" in capsys.readouterr().out
    assert not (tmp_path / "docs" / "table.md").exists()
    output = tmp_path / "other.md"
    command.main(["rendering", "--scale", "0.002", "--output", str(output)])
    assert "Render" in output.read_text()
    command.main(["rendering"])
    assert "Render" in (tmp_path / "docs" / "table.md").read_text()


def test_rendering_is_measured(options: Options) -> None:
    (row,) = rendering.measure(options)
    assert row.held


@pytest.mark.integration
def test_a_part_that_breaks_keeps_what_it_found(own_part: Path) -> None:
    for fault, said in (("SystemExit(1)", "status 1"), ("ValueError('no')", "ValueError: no")):
        own_part.write_text(f"{OWN_PART}    raise {fault}\n")
        found = command.measure(Part("Own", own_part.stem), ["1", "1", "1"])
        assert [row.what for row in found.rows] == ["First"]
        assert said in found.failed


@pytest.mark.integration
@pytest.mark.long
def test_a_part_that_takes_too_long_keeps_what_it_found(own_part: Path) -> None:
    own_part.write_text(OWN_PART + "    time.sleep(600)\n")
    found = command.measure(Part("Own", own_part.stem, seconds=5), ["1", "1", "1"])
    assert [row.what for row in found.rows] == ["First"]
    assert "longer than 5 s" in found.failed


@pytest.mark.integration
@pytest.mark.long
def test_parsing_is_measured(options: Options) -> None:
    (row,) = list(parsing.measure(options))
    assert row.ratio


@pytest.mark.integration
@pytest.mark.long
def test_lists_are_measured(options: Options) -> None:
    url = f"sqlite:///{options.scratch / 'taxiway.db'}"
    seed(url, workflows=60, tasks=120, runs=120)
    assert len(lists.requests(url, options.scratch / "home", 8)) == 8


@pytest.mark.integration
@pytest.mark.long
def test_browsing_is_measured(options: Options) -> None:
    rows = list(browsing.measure(options))
    assert [row.what.split(",")[0] for row in rows] == [
        "Tree of a folder",
        "Functions of 2 files",
        "Functions of 2 files",
    ]


@pytest.mark.integration
@pytest.mark.long
def test_the_files_of_a_commit_are_measured_and_a_herd_fetches_once(options: Options) -> None:
    rows = list(commits.measure(options))
    assert len(rows) == 4
    assert rows[-1].held, rows[-1]


@pytest.mark.integration
@pytest.mark.long
def test_starts_are_measured(options: Options) -> None:
    rows = list(starting.measure(options))
    assert [row.beside.split(":")[0] for row in rows] == [
        "`uv run --offline`",
        "its environment's `python`",
    ]


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.skipif(
    CHROMIUM is None,
    reason="NO BROWSER: measuring the web UI is not tested here. Run scripts/install-browser",
)
def test_the_web_ui_is_measured(tmp_path: Path) -> None:
    rows = list(web.measure(Options(tmp_path, pairs=1, slow_pairs=1, scale=0.01)))
    assert [row.what.split(" ")[0] for row in rows] == [
        *("Graph", "Graph", "Run", "Grid", "Grid", "Log", "Log", "Log", "Log")
    ]
