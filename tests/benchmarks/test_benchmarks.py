"""The benchmarks run, at small sizes, so that they are not found broken when they are wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import browsing, commits, lists, measure, parsing, rendering, starting, table
from benchmarks.measure import Options, Row
from benchmarks.seed import seed


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


def test_the_page_says_what_was_missed_and_names_no_machine() -> None:
    pairs = measure.Pairs(2.0, 1.0, 2.0)
    rows = [
        measure.against("Parse", "by hand", pairs, goal=1.1),
        measure.alone("Render", 0.1, goal=0.5),
        Row("Start", "1 ms", "", None, "", None),
    ]
    text = table.page(rows, machine=table.machine(), options=Options(Path("x")))
    assert "| Parse | 2.00 s | by hand: 1.00 s | 2.00× | ≤ 1.1× | **missed** |" in text
    assert "| Render | 100 ms |  |  | ≤ 500 ms | held |" in text
    assert "- Parse: 2.00× of by hand: 1.00 s, the goal is ≤ 1.1×." in text
    assert "- Render" not in text
    assert Path("/proc/sys/kernel/hostname").read_text().strip() not in text


def test_chosen_parts_leave_the_table_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "TABLE", tmp_path / "table.md")
    assert command.main(["rendering", "--pairs", "1", "--scale", "0.002"]) == 0
    assert "Render 2 workflows of 10 tasks" in capsys.readouterr().out
    assert not (tmp_path / "table.md").exists()
    output = tmp_path / "other.md"
    command.main(["rendering", "--pairs", "1", "--scale", "0.002", "--output", str(output)])
    assert "Render 2 workflows of 10 tasks" in output.read_text()


def test_rendering_is_measured(options: Options) -> None:
    (row,) = rendering.measure(options)
    assert row.held


@pytest.mark.integration
@pytest.mark.long
def test_parsing_is_measured(options: Options) -> None:
    (row,) = parsing.measure(options)
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
    rows = browsing.measure(options)
    assert [row.what.split(",")[0] for row in rows] == [
        "Tree of a folder",
        "Functions of 2 files",
        "Functions of 2 files",
    ]


@pytest.mark.integration
@pytest.mark.long
def test_the_files_of_a_commit_are_measured_and_a_herd_fetches_once(options: Options) -> None:
    rows = commits.measure(options)
    assert len(rows) == 4
    assert rows[-1].held, rows[-1]


@pytest.mark.integration
@pytest.mark.long
def test_starts_are_measured(options: Options) -> None:
    rows = starting.measure(options)
    assert [row.beside.split(":")[0] for row in rows] == [
        "`uv run --offline`",
        "`python` of its environment",
    ]
