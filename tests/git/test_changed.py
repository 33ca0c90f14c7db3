from __future__ import annotations

import pytest

from taxiway.git.browse import reading
from taxiway.git.changed import changed_paths
from taxiway.git.mirror import Mirror

pytestmark = pytest.mark.integration


def test_paths_that_differ_are_told_without_reading_a_file(mirror: Mirror, origin) -> None:
    base = origin.commit({"a.py": "1", "d/b.py": "1", "d/c.py": "1", "same.py": "1"})
    (origin.path / "d/c.py").unlink()
    head = origin.commit({"a.py": "2", "d/new.py": "1", "x/y.py": "1"})
    for commit in (base, head):
        mirror.fetch(commit)

    def told(folder: str | None, one: str = base, other: str = head) -> dict[str, str]:
        return reading(
            mirror.files, lambda repository: changed_paths(repository, one, other, folder)
        )

    assert told(None) == {
        **{"a.py": "changed", "d/c.py": "removed", "d/new.py": "added", "x/y.py": "added"}
    }
    assert told("d") == {"c.py": "removed", "new.py": "added"}
    assert told("x") == {"y.py": "added"}
    assert told("x", head, base) == {"y.py": "removed"}
    assert told("gone") == told(None, head, head) == {}
