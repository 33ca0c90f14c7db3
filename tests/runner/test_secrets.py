from __future__ import annotations

import logging

import pytest

from taxiway.errors import Invalid
from taxiway.runner.host import MemoryHost
from taxiway.runner.secrets import MaskingHost, resolve

KEY = "-----BEGIN-----\nabcdefgh\nxyz\n"


def test_secrets_are_resolved_and_masked_line_by_line() -> None:
    host = MemoryHost(variables={"key": KEY}, uris={"db": "postgres://u:passw@h/d"})
    env, hidden = resolve({"KEY": "variable:key", "DB": "connection:db"}, host)
    assert env == {"KEY": KEY, "DB": "postgres://u:passw@h/d"}
    masked = MaskingHost(host, hidden)
    for line in ("key abcdefgh", "to postgres://u:passw@h/d", "xyz alone"):
        masked.log(line, stream="stdout", level=logging.INFO)
    assert host.output() == ["key ***", "to ***", "xyz alone"]


def test_short_and_missing_secrets_are_refused() -> None:
    host = MemoryHost(variables={"pin": "1234"})
    with pytest.raises(Invalid, match="shorter than 5") as short:
        resolve({"PIN": "variable:pin"}, host)
    assert short.value.code == "secret-too-short" and "1234" not in str(short.value)
    with pytest.raises(Invalid, match="Airflow has no connection db"):
        resolve({"DB": "connection:db"}, host)


def test_a_host_without_secrets_masks_nothing() -> None:
    assert MaskingHost(MemoryHost(), ()).mask("as it is") == "as it is"
