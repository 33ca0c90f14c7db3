from __future__ import annotations

import json
import pickle
import time

import pytest

from taxiway.redaction import SafeUrl, Secret, redact, without_userinfo


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", str([secret])]  # fmt: skip
    assert "hunter2" not in "".join(shown)
    assert secret.reveal() == "hunter2"
    for serialise in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            serialise(secret)
    assert secret == Secret("hunter2") != Secret("other")
    assert len({secret, Secret("hunter2")}) == 1
    assert secret and not Secret("")


def test_a_safe_url_has_no_user_info() -> None:
    assert SafeUrl("https://me:hunter2@host:1/x") == "https://host:1/x"
    assert without_userinfo("https://host/a@b") == "https://host/a@b"


def test_every_url_of_a_text_is_redacted() -> None:
    text = "cannot read 'https://me:hunter2@host/x' nor ssh://hunter2@b, mail a@b"
    assert redact(text) == "cannot read 'https://***@host/x' nor ssh://***@b, mail a@b"


@pytest.mark.parametrize("piece", ["x", "x://", "://x", "x://u:", "@"])
def test_a_long_text_is_redacted_in_one_pass(piece: str) -> None:
    began = time.process_time()
    redact(piece * 1_000_000)
    assert time.process_time() - began < 5  # once a letter would take days
