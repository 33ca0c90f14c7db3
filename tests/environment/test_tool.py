from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.environment import tool
from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Invalid, Unavailable
from taxiway.process import Completed
from taxiway.storage.cache import Cache


def failed(complaint: str) -> Completed:
    return Completed(("uv",), 1, b"", complaint.encode())


def fault(complaint: str):  # type: ignore[no-untyped-def]
    return tool.fault(failed(complaint), code="theirs", message="It failed", hint="Mend it.")


def test_uv_sees_nothing_of_ours(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("UV_INDEX_URL", "https://evil.example/simple")
    policy = PackagePolicy(network=(("SSL_CERT_FILE", "/ca.pem"),))
    seen = tool.environment(policy, cache=cache, folder=Path("/private"))
    assert seen["HOME"] == "/private"
    assert seen["UV_CACHE_DIR"] == str(cache.root / "uv")
    assert seen["UV_LINK_MODE"] == "copy"
    assert seen["UV_NO_CONFIG"] == "1"
    assert seen["UV_PYTHON_DOWNLOADS"] == "never"
    assert seen["SSL_CERT_FILE"] == "/ca.pem"
    assert not {"AWS_SECRET_ACCESS_KEY", "UV_INDEX_URL"} & set(seen)


def test_the_index_that_uv_uses_by_default_is_known() -> None:
    url = tool.builtin_index()
    assert url
    assert url.startswith("https://")
    assert url.endswith("/simple")


def test_an_index_that_cannot_be_reached_may_come_back() -> None:
    error = fault(
        "error: Request failed after 3 retries in 9.8s\n"
        "  cause: Failed to fetch: `https://me:hunter2@index.example/simple/six/`\n"
        "  cause: dns error\n\nhint: try --offline"
    )
    assert isinstance(error, Unavailable)
    assert error.code == "index-unreachable"
    assert "https://***@index.example/simple/six/" in error.message
    assert "hunter2" not in str(error.context) + error.message
    assert "--offline" not in error.message


def test_an_unknown_ca_names_the_setting() -> None:
    error = fault("error: Failed to fetch: https://x.example/\n  cause: invalid peer certificate")
    assert (error.code, "SSL_CERT_FILE" in error.hint) == ("index-unreachable", True)


def test_a_full_disk_is_told_as_such() -> None:
    error = fault("error: Failed to download\n  cause: No space left on device (os error 28)")
    assert (type(error), error.code) == (Unavailable, "disk-full")


def test_all_else_is_the_users() -> None:
    error = fault("warning: old\nerror: No solution found\n  cause: Because a wants b.\n")
    assert (type(error), error.code) == (Invalid, "theirs")
    assert error.message == "It failed: No solution found Because a wants b."
    assert fault("").message == "It failed: uv ended with status 1"
