"""What pages do while things change, in a real browser on a real server; Airflow is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser import Window, browser
from pilot import until
from playwright.sync_api import Browser, Page, expect

from benchmarks.measure import Options
from benchmarks.web import served

pytestmark = [pytest.mark.integration, pytest.mark.long]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """A run of 30 tasks that goes on for ever; one of them writes 60 lines a second."""
    with served(Options(tmp_path_factory.mktemp("served"), scale=0.06)) as found:
        yield found


@pytest.fixture
def window(chromium: Browser, server: tuple[str, dict[str, str]]) -> Iterator[Window]:
    opened = Window(chromium, server[0])
    yield opened
    opened.close()
    assert opened.complaints == []


@pytest.fixture
def at(server: tuple[str, dict[str, str]]) -> dict[str, str]:
    return server[1]


def places(page: Page) -> dict[str, str]:
    script = "all => all.map((one) => [one.dataset.id, one.style.transform])"
    return dict(page.locator(".react-flow__node").evaluate_all(script))


def test_states_change_and_no_task_moves(window: Window, at: dict[str, str]) -> None:
    page = window.open(at["run"], "live")
    page.locator(".react-flow__node").first.wait_for()
    before = places(page)
    running = page.get_by_role("group", name=re.compile(", running$"))
    last = running.last.get_attribute("data-id")
    expect(running.last).not_to_have_attribute("data-id", last or "")
    assert places(page) == before
    assert len(before) == 30


def test_a_log_follows_until_the_reader_scrolls_up(window: Window, at: dict[str, str]) -> None:
    page = window.open(at["live log"], "lines, live")
    lines = page.locator(".log-lines")
    lines.hover()
    at_end = "(e) => e.scrollHeight - e.scrollTop - e.clientHeight < 60"
    count = page.get_by_text("lines, live").inner_text()
    expect(page.get_by_text("lines, live")).not_to_have_text(count)
    until(lambda: lines.evaluate(at_end), "the end is in sight")
    page.mouse.wheel(0, -2000)
    page.get_by_role("button", name="Follow").wait_for()
    page.wait_for_timeout(300)  # the wheel turns for a while
    before = lines.evaluate("(e) => e.scrollTop")
    seen = page.locator(".log-line").first.inner_text()
    count = page.get_by_text("lines, live").inner_text()
    expect(page.get_by_text("lines, live")).not_to_have_text(count)
    page.wait_for_timeout(1000)
    assert lines.evaluate("(e) => e.scrollTop") == before
    assert page.locator(".log-line").first.inner_text() == seen
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_role("button", name="Follow")).to_be_hidden()


def test_a_link_to_a_line_shows_that_line(window: Window, at: dict[str, str]) -> None:
    page = window.open(f"{at['log']}&line=1234&try=1", "lines")
    expect(page.locator(".log-linked")).to_contain_text("step 1234:")
    page.get_by_label("Search the log").fill("step 99:")
    expect(page.get_by_text("1 of 6,000 lines")).to_be_visible()


def test_what_a_log_is_searched_for_is_in_the_address(window: Window, at: dict[str, str]) -> None:
    page = window.open(at["log"], "6,000 lines")
    page.get_by_label("Search the log").fill("step 3")
    page.wait_for_url(re.compile("q=step"))
    page.locator("input[aria-label='Lowest level']").click()
    page.get_by_role("option", name="warning up").click()
    expect(page.get_by_text("1 of 6,000 lines")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 of 6,000 lines")).to_be_visible()
    expect(page.get_by_label("Search the log")).to_have_value("step 3")
    expect(page.locator(".log-line mark")).to_have_text("step 3")
    page.go_back()
    expect(page.get_by_text("1,111 of 6,000 lines")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("6,000 lines", exact=True)).to_be_visible()
    expect(page.get_by_label("Search the log")).to_have_value("")


def test_a_log_is_as_high_as_its_lines(window: Window, at: dict[str, str]) -> None:
    """Heights are reckoned, not measured: what is drawn has to agree, also where lines are long."""
    window.page.set_viewport_size({"width": 800, "height": 700})
    page = window.open(at["log"], "6,000 lines")
    lines = page.locator(".log-lines")
    for top in (0, 30_000, 10**9):
        lines.evaluate("(e, top) => { e.scrollTop = top; }", top)
        page.wait_for_timeout(100)
        sizes = page.locator(".log-line").evaluate_all(
            "all => all.map((e) => [e.clientHeight, e.querySelector('.log-text').offsetHeight])"
        )
        assert len(sizes) > 10
        assert [one for one in sizes if one[0] != one[1]] == []
    expect(page.locator(".log-line").last).to_contain_text("step 6000:")


def test_without_a_stream_the_page_looks_again(window: Window, at: dict[str, str]) -> None:
    window.page.route("**/events", lambda route: route.fulfill(status=503, body="{}"))
    page = window.open(at["run"], "looked at every 5 s")
    running = page.get_by_role("group", name=re.compile(", running$"))
    last = running.last.get_attribute("data-id")
    expect(running.last).not_to_have_attribute("data-id", last or "")


def hide(page: Page, hidden: bool) -> None:
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_a_hidden_page_hears_nothing_and_catches_up(window: Window, at: dict[str, str]) -> None:
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    page = window.open(at["live log"], "lines, live")
    page.get_by_text("live", exact=True).first.wait_for()
    hide(page, True)
    expect(page.get_by_text("hidden", exact=True)).to_be_visible()
    count = page.get_by_text("lines, live").inner_text()
    page.wait_for_timeout(1500)
    assert page.get_by_text("lines, live").inner_text() == count
    asked.clear()
    hide(page, False)
    expect(page.get_by_text("lines, live")).not_to_have_text(count)
    read = [url for url in asked if "/logs?" in url]
    assert read and "after=0" not in read[0]  # it goes on where it was


def test_the_grid_is_one_request_and_is_led_through_by_keys(
    window: Window, at: dict[str, str]
) -> None:
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    page = window.open(at["grid"], "Runs and their tasks")
    page.locator(".grid-cell").first.wait_for()
    assert not [url for url in asked if re.search("/runs/[^/]+/tasks", url)]
    page.get_by_role("region", name="Grid of runs").focus()
    page.keyboard.press("ArrowDown")  # onto the newest run
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("a:focus")).to_have_attribute("aria-label", re.compile("^task_000: "))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/runs/.*task=task_000"))
    page.go_back()
    expect(page.get_by_text("Runs and their tasks")).to_be_visible()


def test_the_cells_of_the_grid_stand_below_their_runs(window: Window, at: dict[str, str]) -> None:
    page = window.open(at["grid"], "Runs and their tasks")
    page.locator(".grid-cell").first.wait_for()
    places = page.locator("[data-at]").evaluate_all(
        "all => all.map((e) => [...e.dataset.at.split('/').map(Number), e.getBoundingClientRect().x,"
        "e.getBoundingClientRect().y])"
    )
    x = {run: x for row, run, x, _ in places if row == 0}
    y = {row: y for row, run, _, y in places if run == 0}
    assert len(places) == 6 * (1 + 3)
    assert [one for one in places if abs(one[2] - x[one[1]]) > 1 or one[3] != y[one[0]]] == []
    names = page.locator(".grid-name").evaluate_all("all => all.map((e) => e.innerText)")
    assert names == ["task_000", "task_001", "task_002"]


def test_times_are_relative_and_exact_on_hover(window: Window) -> None:
    page = window.open("/runs", "Took")
    time = page.locator("time").first
    expect(time).to_have_text(re.compile("ago|now|yesterday|minute|hour"))
    time.hover()
    expect(page.get_by_role("tooltip")).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d .* UTC$"))


def test_an_address_holds_what_is_seen(window: Window, at: dict[str, str]) -> None:
    page = window.open("/runs", "Took")
    page.locator("input[aria-label=State]").click()
    page.get_by_role("option", name="failed").click()
    page.wait_for_url(re.compile("state=failed"))
    expect(page.locator(".table .state.tone-good")).to_have_count(0)
    page.reload()
    expect(page.locator("input[aria-label=State]")).to_have_value("failed")
    expect(page.locator(".table .state.tone-good")).to_have_count(0)
    page.goto(at["run"])
    page.get_by_text("Table", exact=True).click()
    page.get_by_role("button", name="task_003").click()
    address = page.url
    page.goto("/")
    page.goto(address)
    expect(page.get_by_role("region", name="task_003")).to_be_visible()


def test_what_is_refused_says_why_and_leaves_what_was_typed(window: Window) -> None:
    page = window.open("/workflows/new", "Address")
    page.get_by_text("Inline code only").click()
    page.get_by_label("Name of the workflow").fill("grid")  # there is one of that name
    page.get_by_role("button", name="Make it with a first task").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("workflow-name-taken")
    expect(alert).to_contain_text("grid")
    expect(page.get_by_label("Name of the workflow")).to_have_value("grid")


def test_a_task_that_was_given_nothing_says_so(window: Window, at: dict[str, str]) -> None:
    missing: list[str] = []
    window.page.on("response", lambda r: missing.append(r.url) if r.status == 404 else None)
    page = window.open(f"{at['log']}&tab=given", "did not get as far as being given anything")
    page.wait_for_load_state("networkidle")
    assert missing == []


def test_what_takes_long_says_what_it_waits_for(window: Window, at: dict[str, str]) -> None:
    held: list[Any] = []
    window.page.route("**/grid?*", lambda route: held.append(route))
    page = window.open(at["grid"], "Reading the runs")
    held.pop().continue_()
    expect(page.locator(".grid-cell").first).to_be_visible()


def test_a_page_of_another_version_is_loaded_again(window: Window, at: dict[str, str]) -> None:
    gone = window.page.route
    page = window.open(at["grid"], "Runs and their tasks")
    gone("**/assets/Releases-*.js", lambda route: route.fulfill(status=404), times=1)
    with page.expect_event("load"):
        page.get_by_role("link", name="Releases", exact=True).click()
    expect(
        page.get_by_text("The DAG file").or_(page.get_by_text("Release 1")).first
    ).to_be_visible()
    gone("**/assets/Compare-*.js", lambda route: route.fulfill(status=404))
    page.goto(page.url.replace("/releases", "/compare?base=1&head=1"))
    expect(page.get_by_role("alert")).to_contain_text("page-not-loaded")


def test_a_log_that_grows_can_be_searched(window: Window, at: dict[str, str]) -> None:
    page = window.open(at["live log"], "lines, live")
    page.get_by_label("Search the log").fill("step 77:")
    expect(page.get_by_text(re.compile("^1 of"))).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dialogs_are_accessible(
    chromium: Browser, server: tuple[str, dict[str, str]], scheme: str
) -> None:
    url, at = server
    window = Window(chromium, url, scheme)
    page = window.open(at["grid"], "Runs and their tasks")
    found = []
    for name in ("Deploy", "Run with other params…", "Delete…"):
        if name != "Deploy":
            page.get_by_role("button", name="More actions").click()
        page.get_by_role("button" if name == "Deploy" else "menuitem", name=name).click()
        page.get_by_role("dialog").wait_for()
        page.wait_for_timeout(400)  # it comes by fading in, when its colours are no others' yet
        found += window.violations()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Go to a workflow").fill("grid")
    page.wait_for_timeout(400)
    found += window.violations()
    page = window.open("/credentials", "Known hosts")
    page.get_by_role("button", name="New credential").first.click()
    page.get_by_role("dialog").wait_for()
    page.wait_for_timeout(400)
    found += window.violations()
    window.close()
    assert found == []
    assert window.complaints == []
