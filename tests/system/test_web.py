"""The web UI in a real browser, on the real stack."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import Window, browser
from git_servers import HttpsGit
from pilot import Pilot, Repository
from playwright.sync_api import Browser, expect

from taxiway.client.http import TaxiwayClient

TOKEN = "hunter2-of-the-journey"
LOAD = '''\
def load(context, rows: int = 10):
    """Rows to learn from."""
    return list(range(rows))
'''
TRAIN = '''\
def train_model(load=None, epochs: int = 3):
    """Fit a model.

    Args:
        epochs: how often it sees the rows
    """
    for epoch in range(epochs):
        print(f"\\033[32mepoch {epoch}\\033[0m <b>not bold</b>")
    return {"accuracy": 0.75}
'''
FILES = {
    "src/load.py": LOAD,
    "src/train.py": TRAIN,
    "README.md": "# Models\n\n<b>loud</b> [x](javascript:1)\n",
}


ROUTES = Path(__file__).parents[2] / "web" / "src" / "app" / "routes.tsx"
# Each page is a file that is loaded when it is opened first.
PAGES = re.findall(r'import\("\.\./pages/[^"]*/(\w+)"\)', ROUTES.read_text())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def window(chromium: Browser, stack: Any) -> Iterator[Window]:
    opened = Window(chromium, stack.server_url)
    yield opened
    opened.close()
    assert opened.complaints == []


@pytest.fixture
def private(https_git: HttpsGit) -> str:
    """The name of a repository on a Git host that wants a token."""
    https_git.logins["closed"] = {f"oauth2:{TOKEN}"}
    name = f"closed/{uuid.uuid4().hex[:8]}"
    https_git.commit(name, FILES)
    return name


def test_the_journey_from_a_private_repository_to_a_rollback(
    window: Window, pilot: Pilot, https_git: HttpsGit, private: str
) -> None:
    page = window.open("/workflows/new", "Address")
    page.get_by_label("Address").fill(https_git.url(private))
    unlock(page)
    name = f"web{uuid.uuid4().hex[:8]}"
    make(page, name)
    # the new workflow is checked at once
    expect(page.get_by_text("The deploy check found nothing")).to_be_visible()
    deploy(page, "First")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile("/runs/"))
    run = page.url.rpartition("/")[2]
    pilot.end_of(run)
    expect(page.get_by_role("main").get_by_text("success").first).to_be_visible()
    read_log_and_value(page)
    ask_for_other_params(page)

    https_git.commit(private, {"src/train.py": TRAIN.replace("0.75", "0.5")})
    page.goto(f"/workflows/{pilot.client.run(run)['workflow_id']}/releases")
    deploy(page, "Second")
    page.get_by_role("link", name="Compare").first.click()
    expect(page.get_by_role("region", name="What changed in src/train.py")).to_contain_text("0.5")
    page.go_back()
    page.get_by_role("button", name="Roll back to release 1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Runs in progress go on")
    dialog.get_by_label("Why").fill("Accuracy fell")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_text("Held at release 1")).to_be_visible()
    expect(page.get_by_text("Accuracy fell").first).to_be_visible()
    expect(page.get_by_role("button", name="Run again what release 2 ran")).to_have_count(0)
    assert window.violations() == []
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Held at release 1")).to_be_hidden()
    assert TOKEN not in page.content()
    workflow = pilot.client.workflow(pilot.client.run(run)["workflow_id"])
    assert (workflow["name"], workflow["git_auth_type"]) == (name, "token")


def unlock(page: Any) -> None:
    """The server says that it needs a credential; one is made without leaving the page."""
    expect(page.get_by_role("alert")).to_contain_text("repository-needs-credentials")
    page.get_by_role("button", name="New credential").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Host")).to_have_value(re.compile("^localhost"))
    dialog.get_by_role("textbox", name="Token").fill(TOKEN)
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()


def make(page: Any, name: str) -> None:
    """Two functions of the repository, wired by name."""
    page.get_by_text("load(context, rows: int = 10)").click()
    page.get_by_text("train_model(load=None, epochs: int = 3)").click()
    expect(page.get_by_text("train_model gets load from load")).to_be_visible()
    page.get_by_label("Name of the workflow").fill(name)
    page.get_by_role("button", name="Make it with 2 tasks").click()
    page.wait_for_url(re.compile("/edit"))


def deploy(page: Any, why: str) -> None:
    page.get_by_role("button", name="Deploy", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    dialog.get_by_role("button", name="Done").click(timeout=90_000)


def read_log_and_value(page: Any) -> None:
    page.get_by_role("group", name=re.compile("Task train_model")).click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("epoch 2 <b>not bold</b>")  # text, with its colours
    expect(log.locator(".ansi-green").first).to_be_visible()
    page.get_by_label("Search the log").fill("epoch 1")
    expect(page.get_by_text(re.compile("^1 of"))).to_be_visible()
    page.get_by_text("Value", exact=True).click()
    expect(page.get_by_text("0.75")).to_be_visible()


def ask_for_other_params(page: Any) -> None:
    """A form of what the release's functions take, and the same as JSON; what is refused stays."""
    page.get_by_role("button", name="Run again…").click()
    dialog = page.get_by_role("dialog")
    given = dialog.get_by_role("group", name="Params of train_model")
    given.get_by_label("epochs").fill("5")
    given.get_by_text("JSON", exact=True).click()
    expect(given.get_by_role("textbox")).to_contain_text('"epochs": 5')
    given.get_by_role("textbox").fill('{"epochs": "many"}')
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog.get_by_role("alert").last).to_contain_text("param-type")
    expect(given).to_contain_text("has to be an integer")
    expect(given.get_by_role("textbox")).to_contain_text("many")
    expect(given).to_contain_text("load comes from the task load")
    given.get_by_role("textbox").press("Escape")  # leaves the editor, not what was typed in it
    dialog.get_by_role("button", name="Not now").click()
    expect(dialog).to_be_hidden()


def test_two_who_edit_at_once_are_told_and_lose_nothing(
    chromium: Browser, stack: Any, pilot: Pilot
) -> None:
    task = {"name": "task", "python_callable": "def task():\n    return 1\n"}
    workflow = pilot.workflow(task)
    first, second = Window(chromium, stack.server_url), Window(chromium, stack.server_url)
    for window in (first, second):
        page = window.open(f"/workflows/{workflow}/edit?task=task", "All saved")
        page.get_by_label("Name", exact=True).first.wait_for()
    first.page.get_by_label("Retries").fill("3")
    first.page.get_by_role("button", name="Save and check").click()
    expect(first.page.get_by_text("All saved")).to_be_visible()
    second.page.get_by_label("Retries").fill("5")
    second.page.get_by_role("button", name="Save and check").click()
    expect(second.page.get_by_text("edit-conflict")).to_be_visible()
    second.page.reload()
    expect(second.page.get_by_text("Your unsaved changes are still here")).to_be_visible()
    expect(second.page.get_by_label("Retries")).to_have_value("5")
    assert first.complaints == second.complaints == []
    first.close()
    second.close()


@pytest.fixture(scope="module")
def addresses(stack: Any) -> list[tuple[str, str]]:
    """Every page, with a text that it shows when it is there."""
    repository = Repository(stack.repositories / uuid.uuid4().hex[:10])
    repository.commit(FILES)
    with TaxiwayClient(stack.server_url) as client:
        pilot = Pilot(client)
        workflow = pilot.workflow(
            {"name": "load", "script_path": "src/load.py", "function_name": "load"},
            {
                "name": "report",
                "python_callable": "def report():\n    return [{'a': 1}]\n",
                "dependencies": ["load"],
            },
            git_repository=repository.url,
        )
        pilot.deploy(workflow)
        run = pilot.succeed(workflow)
    listed = httpx.get(f"{stack.server_url}/api/v1/repositories?limit=200", trust_env=False)
    registered = next(one for one in listed.json()["items"] if one["url"] == repository.url)
    home, code = f"/workflows/{workflow}", f"/repositories/{registered['id']}"
    return [
        ("/", "Running now"),
        ("/workflows", "Last runs"),
        ("/workflows/new", "Address"),
        (f"{home}?task=report", "Last value"),
        (f"{home}/edit?task=load", "Params"),
        (f"{home}/edit?task=report", "One function."),
        (f"{home}/runs", "Runs and their tasks"),
        (f"{home}/releases", "What it changed".lower()),
        (f"{home}/releases/1", "The DAG file"),
        (f"{home}/compare?base=1&head=1", "are the same: equal digests"),
        ("/runs", "Took"),
        (f"/runs/{run}?task=report", "lines"),
        (f"/runs/{run}?view=gantt", "Snapshot"),
        (f"/runs/{run}?view=table&task=load&tab=value", "10 items"),
        ("/repositories", "Default branch"),
        (f"{code}/code", "Models"),
        (f"{code}/code?path=src/load.py&file=", "lines"),
        (f"{code}/functions", "Rows to learn from"),
        (f"{code}/history", "Change"),
        ("/credentials", "Known hosts"),
        ("/audit", "Before"),
        ("/settings", "airflow"),
        ("/nothing/here", "There is no page"),
    ]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_every_page_is_accessible_and_keeps_the_policy(
    chromium: Browser, stack: Any, addresses: list[tuple[str, str]], scheme: str
) -> None:
    window = Window(chromium, stack.server_url, scheme)
    loaded: list[str] = []
    window.page.on("request", lambda request: loaded.append(request.url.rpartition("/")[2]))
    found = []
    for path, ready in addresses:
        window.open(path, ready)
        found += window.violations()
    window.close()
    assert found == []
    assert window.complaints == []
    assert [page for page in PAGES if not any(file.startswith(f"{page}-") for file in loaded)] == []


def test_the_readme_shows_no_html_and_leads_nowhere_else(
    window: Window, addresses: list[tuple[str, str]]
) -> None:
    path = next(path for path, _ in addresses if path.endswith("/code"))
    page = window.open(path, "Models")
    readme = page.locator(".markdown")
    expect(readme).to_contain_text("<b>loud</b>")
    assert readme.locator("b, a").count() == 0


def test_the_first_load_is_small(window: Window) -> None:
    window.open("/", "Home")
    size = window.page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.name.endsWith('.js'))"
        ".reduce((sum, e) => sum + e.encodedBodySize, 0)"
    )
    assert 50_000 < size <= 200_000


def test_the_keyboard_reaches_everything(window: Window) -> None:
    page = window.open("/", "Home")
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Go to a workflow").fill("Audit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


@pytest.mark.long
def test_a_server_that_is_gone_is_said_and_found_again(window: Window) -> None:
    page = window.open("/workflows", "Workflows")
    page.context.set_offline(True)
    expect(page.get_by_text("The server does not answer").first).to_be_visible(timeout=30_000)
    page.context.set_offline(False)
    expect(page.get_by_text("The server does not answer")).to_have_count(0, timeout=30_000)


@pytest.mark.long
def test_a_narrow_screen_has_a_menu_and_no_sideways_scroll(chromium: Browser, stack: Any) -> None:
    window = Window(chromium, stack.server_url, viewport={"width": 390, "height": 800})
    page = window.open("/settings", "Health")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Workflows").click()
    page.get_by_role("heading", name="Workflows").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    window.close()
