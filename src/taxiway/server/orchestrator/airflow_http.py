"""One authenticated HTTP session with Airflow's API, and its faults in our words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from taxiway.errors import NotFound, Unavailable
from taxiway.redaction import Secret

BUSY_PAUSES = (0.3, 1.0, 3.0)
HINT = "Is Airflow running? `taxiway status` shows every part."


class AirflowSession:
    """Logs in when it must, with the password as it is now; safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        username: str,
        password: Callable[[], Secret],
        *,
        timeout: float = 15,
        busy_pauses: Sequence[float] = BUSY_PAUSES,
    ) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False)
        self._username = username
        self._password = password
        self._busy_pauses = busy_pauses
        self._token: Secret | None = None
        self._login_lock = threading.Lock()

    def close(self) -> None:
        self._client.close()

    def json(self, method: str, path: str, **request: Any) -> Any:
        """The decoded answer of a 2xx; `NotFound` for 404, `Unavailable` for anything else."""
        response = self.send(method, path, **request)
        if response.status_code == 404:
            raise NotFound("airflow-not-found", f"Airflow does not know {path}")
        if response.is_error:
            raise Unavailable(
                "airflow-refused",
                f"Airflow answered {response.status_code} to {method} {path}: {_detail(response)}",
                hint=HINT,
                status=response.status_code,
            )
        return decode(response)

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The response below 500, logged in anew where the token had expired."""
        token = self._token or self._login(None)
        response = self._exchange(method, path, token, **request)
        if response.status_code == 401:
            response = self._exchange(method, path, self._login(token), **request)
        for seconds in self._busy_pauses:
            if not _rolled_back(response):
                break
            time.sleep(seconds)
            response = self._exchange(method, path, self._token, **request)
        if response.status_code >= 500:
            raise Unavailable(
                "airflow-failed",
                f"Airflow answered {response.status_code} to {method} {path}",
                hint=HINT,
            )
        return response

    def anonymous(self, path: str) -> Any:
        """The decoded answer of an endpoint that asks for no login."""
        return decode(self._exchange("GET", path, None))

    def _login(self, stale: Secret | None) -> Secret:
        with self._login_lock:
            if self._token is None or self._token == stale:
                body = {"username": self._username, "password": self._password().reveal()}
                answer = self._exchange("POST", "/auth/token", None, json=body)
                if answer.status_code != 201:
                    raise Unavailable(
                        "airflow-login-failed",
                        f"Airflow refused the login of {self._username}: {answer.status_code}",
                        hint="Check the Airflow user and its password file.",
                    )
                with understood("/auth/token"):
                    self._token = Secret(str(decode(answer)["access_token"]))
            return self._token

    def _exchange(
        self, method: str, path: str, token: Secret | None, **request: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
        try:
            return self._client.request(method, path, headers=headers, **request)
        except httpx.TimeoutException as error:
            raise Unavailable(
                "airflow-slow", f"Airflow did not answer {method} {path} in time", hint=HINT
            ) from error
        except httpx.HTTPError as error:
            raise Unavailable(
                "airflow-unreachable", f"Airflow cannot be reached: {error}", hint=HINT
            ) from error


@contextmanager
def understood(path: str) -> Iterator[None]:
    """An answer that is JSON, but not what Airflow answers there, is `Unavailable` too."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable(
            "airflow-nonsense",
            f"Airflow's answer to {path} is not understood: {type(error).__name__} {error}",
            hint="Is it Airflow 3.3 or newer, and not something else at that address?",
        ) from error


def decode(response: httpx.Response) -> Any:
    """The JSON of the answer, None where it is empty."""
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise Unavailable(
            "airflow-nonsense",
            f"Airflow's answer to {response.request.url.path} is not JSON",
            hint="Does the address of Airflow point to something else?",
        ) from error


def _rolled_back(response: httpx.Response) -> bool:
    """Whether Airflow's database refused, so that nothing was done and the same may be asked again.

    Its SQLite is locked for longer than it waits, five seconds, whenever two requests meet: one
    has written and waits for the event loop to commit, where the other, in `log_action`, waits
    for the first one's lock. Backfills answer 503 then, everything else 500 with this reason.
    """
    if response.status_code == 503:
        return True
    return response.status_code == 500 and "Database error" in response.text


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json().get("detail", ""))[:300]
    except (ValueError, AttributeError):
        return response.text[:300]
