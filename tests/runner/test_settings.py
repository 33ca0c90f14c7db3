from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.errors import Invalid
from taxiway.runner.settings import WorkerSettings


def test_everything_lies_below_the_home_unless_it_is_said() -> None:
    settings = WorkerSettings.from_env({"TAXIWAY_HOME": "/srv/taxiway"})
    assert settings.storage == "file:///srv/taxiway/storage"
    assert settings.cache == Path("/srv/taxiway/cache")
    assert settings.run_as_user == "nobody"
    assert WorkerSettings.from_env({"HOME": "/h"}).cache == Path("/h/.taxiway/cache")


def test_each_can_be_said() -> None:
    settings = WorkerSettings.from_env(
        {
            "TAXIWAY_STORAGE": "s3://bucket/x",
            "TAXIWAY_CACHE": "/c",
            "TAXIWAY_TASK_ENV_PASS": "A, B,,",
            "TAXIWAY_RUN_AS_USER": "root",
            "TAXIWAY_WARM": "true",
            "TAXIWAY_WARM_IDLE": "60",
        }
    )
    assert settings.storage == "s3://bucket/x"
    assert settings.cache == Path("/c")
    assert settings.task_env_pass == ("A", "B")
    assert settings.run_as_user == "root"
    assert settings.warm and settings.warm_idle == 60


@pytest.mark.parametrize(
    ("name", "text"),
    [("TAXIWAY_WARM", "yes"), ("TAXIWAY_WARM_IDLE", "0"), ("TAXIWAY_WARM_IDLE", "ten")],
)
def test_what_a_warm_process_is_told_is_checked(name: str, text: str) -> None:
    assert not WorkerSettings.from_env({"HOME": "/h"}).warm
    with pytest.raises(Invalid, match=name):
        WorkerSettings.from_env({"HOME": "/h", name: text})
