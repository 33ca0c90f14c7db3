"""The keys that seal secrets, on the real stack."""

from __future__ import annotations

import stat
from typing import Any

from taxiway.client.http import TaxiwayClient


def test_the_stack_has_made_its_keys_for_their_owner_alone(stack: Any) -> None:
    with TaxiwayClient(stack.server_url) as client:
        made = client.create_credential(kind="ssh", host="git.example")
        client.delete_credential(made["id"])
    file = stack.home / "secret.keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made["public_key"].startswith("ssh-ed25519 ")
