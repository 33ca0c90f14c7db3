from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.runner.workspace import open_workspace, remove


def test_what_a_dead_host_left_is_swept_and_what_is_in_use_stays(tmp_path: Path) -> None:
    dead = tmp_path / "workspaces" / "run.dead"
    (dead / "work" / "closed").mkdir(parents=True)
    (dead / "lock").touch()
    with open_workspace(tmp_path) as one:
        assert not dead.exists()
        with open_workspace(tmp_path):
            assert one.root.exists()
    assert list((tmp_path / "workspaces").iterdir()) == []


def test_removal_never_follows_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    with open_workspace(tmp_path / "cache") as space:
        (space.work / "link").symlink_to(kept)
        (space.home / "link").symlink_to(kept / "file")
    assert (kept / "file").exists()


def test_tmpdir_leaves_room_for_the_path_of_a_socket(tmp_path: Path) -> None:
    with open_workspace(tmp_path / ("x" * 60)) as space:
        assert len(str(space.tmp)) <= 60
        tmp = space.tmp
    assert not tmp.exists()


@pytest.mark.parametrize("blocked", [False, True])
def test_removal_leaves_the_folder_above_alone(tmp_path: Path, blocked: bool) -> None:
    """Where TMPDIR lies in /tmp, that is the folder of everybody."""
    above, folder = tmp_path / "above", tmp_path / "above" / "tmp"
    above.mkdir(mode=0o755)
    if blocked:  # for who is not root
        (folder / "closed").mkdir(parents=True)
        (folder / "closed").chmod(0)
        folder.chmod(0o555)
    remove(folder)  # user code may have removed it, too
    assert not folder.exists()
    assert above.stat().st_mode & 0o777 == 0o755
