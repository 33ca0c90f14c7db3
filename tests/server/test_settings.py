from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.errors import Denied, Invalid
from taxiway.git.policy import TreeLimits
from taxiway.server.settings import is_loopback, load_settings


def write(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "taxiway.toml").write_text(text)


def test_everything_lies_in_the_home_by_default(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/taxiway.db"
    assert settings.storage_url == f"file://{tmp_path}/storage"
    assert settings.cache_dir == tmp_path / "cache"
    assert load_settings().home == Path.home() / ".taxiway"


def test_options_go_before_variables_and_those_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAXIWAY_HOME", str(tmp_path))
    write(tmp_path, 'port = 1\nairflow_username = "file"\nairflow_url = "http://file"\n')
    monkeypatch.setenv("TAXIWAY_PORT", "2")
    monkeypatch.setenv("TAXIWAY_AIRFLOW_USERNAME", "variable")
    settings = load_settings(port=3)
    told = (settings.port, settings.airflow_username, settings.airflow_url)
    assert told == (3, "variable", "http://file")


def test_an_empty_variable_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAXIWAY_PORT", "")
    assert load_settings(home=tmp_path).port == 8000


def test_an_unknown_key_of_the_file_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, "prot = 1\n")
    with pytest.raises(Invalid, match="'prot'") as caught:
        load_settings(home=tmp_path)
    assert caught.value.code == "settings-refused"


@pytest.mark.parametrize("text", ["port = ", "port = 99999", 'port = "x"', "log_level = 'loud'"])
def test_what_the_file_says_wrong_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    with pytest.raises(Invalid) as caught:
        load_settings(home=tmp_path)
    assert caught.value.code == "settings-refused"


@pytest.mark.parametrize("text", ['"/a:/b c"', '["/a", "/b c"]'])
def test_lists_are_texts_or_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    write(tmp_path, f"git_allow_local = {text}\n")
    monkeypatch.setenv("TAXIWAY_GIT_ALLOW_HOSTS", "git.example, 10.0.0.0/8,")
    policy = load_settings(home=tmp_path).git_policy()
    assert policy.allow_local == (Path("/a"), Path("/b c"))
    assert policy.allow_hosts == ("git.example", "10.0.0.0/8")


def test_packages_and_workers_hear_of_the_settings(tmp_path: Path) -> None:
    write(tmp_path, 'indexes = ["https://u:p@index.example/simple"]\nallow_builds = "a, b"\n')
    settings = load_settings(home=tmp_path, run_as_user="worker")
    assert settings.package_policy().indexes == ("https://u:p@index.example/simple",)
    assert settings.package_policy().may_build("B")
    assert settings.worker_environment() == {
        "TAXIWAY_HOME": str(tmp_path),
        "TAXIWAY_STORAGE": f"file://{tmp_path}/storage",
        "TAXIWAY_CACHE": f"{tmp_path}/cache",
        "TAXIWAY_CACHE_MAX_SIZE": "50GB",
        "TAXIWAY_CACHE_MAX_AGE": "30",
        "TAXIWAY_VALUE_MAX_SIZE": "10GB",
        "TAXIWAY_VALUE_MAX_DEPTH": "100",
        "TAXIWAY_WARM_IDLE": "600",
        "TAXIWAY_RUN_AS_USER": "worker",
        "TAXIWAY_INDEXES": "https://u:p@index.example/simple",
        "TAXIWAY_ALLOW_BUILDS": "a,b",
    }
    assert "u:p" not in repr(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "localhost"])
def test_loopback_is_allowed(host: str) -> None:
    load_settings(host=host).require_loopback()


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "127.1", "2130706433"]
)
def test_other_addresses_are_refused(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(Denied, match="does not listen"):
        load_settings(host=host).require_loopback()


def test_sizes_are_written_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().git_policy().limits == TreeLimits()
    monkeypatch.setenv("TAXIWAY_MAX_FILE_SIZE", "1.5 MiB")
    monkeypatch.setenv("TAXIWAY_MAX_TREE_SIZE", "3 GB")
    monkeypatch.setenv("TAXIWAY_MAX_TREE_ENTRIES", "7")
    monkeypatch.setenv("TAXIWAY_MAX_LFS_SIZE", "42")
    limits = load_settings().git_policy().limits
    assert (limits.file_bytes, limits.total_bytes) == (1536 * 1024, 3 * 1000**3)
    assert (limits.entries, limits.lfs_bytes) == (7, 42)
    monkeypatch.setenv("TAXIWAY_MAX_FILE_SIZE", "much")
    with pytest.raises(Invalid):
        load_settings()


def test_links_begin_with_the_public_address(tmp_path: Path) -> None:
    assert load_settings(home=tmp_path, port=9000).link_url == "http://127.0.0.1:9000"
    public = load_settings(
        home=tmp_path, public_url="https://Taxiway.example.org/", allowed_hosts=["other"]
    )
    assert public.link_url == "https://Taxiway.example.org"
    assert public.host_names == ("other", "taxiway.example.org")


@pytest.mark.parametrize(
    "text", ["taxiway.example.org", "ftp://x", "https://u:p@x", "https://x/?a=1", "http://x:0"]
)
def test_a_public_address_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid):
        load_settings(home=tmp_path, public_url=text)


def test_proxy_and_certificates_reach_git_and_workers_and_are_not_shown(tmp_path: Path) -> None:
    proxy = "http://u:hunter2@proxy.example:3128"
    settings = load_settings(home=tmp_path, proxy=proxy, ca_bundle=tmp_path / "ca.pem")
    access = settings.git_policy().access
    assert access.proxy and access.proxy.reveal() == proxy
    assert access.ca_bundle == tmp_path / "ca.pem"
    worker = settings.worker_environment()
    assert worker["TAXIWAY_PROXY"] == proxy
    assert worker["TAXIWAY_CA_BUNDLE"] == str(tmp_path / "ca.pem")
    assert "hunter2" not in repr(settings) + repr(access)
    for wrong in ("proxy.example:3128", "socks5://hunter2.example", "http://", "http://x:y"):
        with pytest.raises(Invalid) as caught:
            load_settings(home=tmp_path, proxy=wrong)
        assert "hunter2" not in str(caught.value)
