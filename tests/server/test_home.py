from __future__ import annotations

from pathlib import Path

import pytest

from taxiway import __version__
from taxiway.errors import Conflict
from taxiway.server.app import create_app
from taxiway.server.home import STAMP, claim
from taxiway.server.settings import load_settings


@pytest.mark.parametrize("newer", ["999.0.0", "999", "999.1rc1\n"])
def test_a_home_that_a_newer_version_wrote_is_refused_untouched(tmp_path: Path, newer: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / STAMP).write_text(newer)
    with pytest.raises(Conflict) as caught:
        create_app(load_settings(home=home))
    assert caught.value.code == "home-newer"
    assert newer.strip() in caught.value.message and str(home) in caught.value.message
    assert caught.value.hint
    assert [path.name for path in home.iterdir()] == [STAMP]


@pytest.mark.parametrize("written", [None, "", "0.0.1", "what is this", __version__])
def test_a_home_of_this_or_an_older_version_is_stamped(tmp_path: Path, written: str | None) -> None:
    if written is not None:
        (tmp_path / STAMP).write_text(written)
    claim(tmp_path)
    assert (tmp_path / STAMP).read_text() == f"{__version__}\n" or written == __version__
