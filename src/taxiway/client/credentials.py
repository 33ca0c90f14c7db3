"""The calls of the API about credentials and known hosts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from taxiway.client.answers import Json


class CredentialCalls(ABC):
    """Part of the client: secrets for Git hosts, and the keys that SSH hosts may show."""

    @abstractmethod
    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Json]: ...

    @abstractmethod
    def _json(self, method: str, path: str, **request: Any) -> Json: ...

    def create_credential(self, **fields: Any) -> Json:
        """`secret` and `passphrase` go in, and are in no answer."""
        return self._json("POST", "/api/v1/credentials", json=fields)

    def update_credential(self, credential_id: str, **fields: Any) -> Json:
        return self._json("PATCH", f"/api/v1/credentials/{credential_id}", json=fields)

    def credential(self, credential_id: str) -> Json:
        return self._json("GET", f"/api/v1/credentials/{credential_id}")

    def credentials(self, **query: Any) -> Iterator[Json]:
        return self._pages("/api/v1/credentials", query)

    def delete_credential(self, credential_id: str) -> None:
        self._json("DELETE", f"/api/v1/credentials/{credential_id}")

    def test_credential(self, credential_id: str, url: str) -> Json:
        """Try it against a repository; `ok` says whether it worked, `message` what happened."""
        return self._json("POST", f"/api/v1/credentials/{credential_id}/test", json={"url": url})

    def create_known_host(self, **fields: Any) -> Json:
        return self._json("POST", "/api/v1/known-hosts", json=fields)

    def known_hosts(self, **query: Any) -> Iterator[Json]:
        return self._pages("/api/v1/known-hosts", query)

    def delete_known_host(self, known_host_id: str) -> None:
        self._json("DELETE", f"/api/v1/known-hosts/{known_host_id}")
