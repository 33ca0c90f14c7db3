"""One delivery: a POST to an address that the policy allows, and to nowhere else.

The host is resolved once and the connection goes to an address that passed, so a second answer of
the name server changes nothing. Redirects are not followed, proxies are not used, and what is
answered is not read.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from typing import Any

from taxiway import __version__
from taxiway.errors import TaxiwayError, Unavailable
from taxiway.git.policy import GitPolicy, reach
from taxiway.server.notifications.address import NotifyAddress

CONNECT_SECONDS = 10.0
WHOLE_SECONDS = 20.0


class _Pinned(http.client.HTTPConnection):
    """Connects to addresses that were checked; the name is only for the certificate."""

    def __init__(self, address: NotifyAddress, hosts: tuple[str, ...]) -> None:
        super().__init__(address.host, address.port, timeout=CONNECT_SECONDS)
        self._hosts = hosts
        self._tls = address.scheme == "https"

    def connect(self) -> None:
        plain = self._first()
        if self._tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain

    def _first(self) -> socket.socket:
        for last, host in enumerate(self._hosts, 1 - len(self._hosts)):
            try:
                return socket.create_connection((host, self.port), timeout=self.timeout)
            except OSError:
                if last == 0:
                    raise
        raise OSError("the name has no address")


def post(address: NotifyAddress, policy: GitPolicy, body: dict[str, Any], delivery: str) -> int:
    """The status of the answer, which is a 2xx one. Any other end is an error: `Denied`,
    `NotFound` or `Unavailable` (`notify-unreachable`, `notify-refused`)."""
    hosts = reach(address.repository, policy, listed_only=address.scheme == "http")
    connection = _Pinned(address, hosts)
    overdue = threading.Timer(WHOLE_SECONDS, _cut, [connection])
    overdue.daemon = True
    overdue.start()
    try:
        status = _ask(connection, address, json.dumps(body).encode(), delivery)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(
            "notify-unreachable",
            f"{address.shown} did not take the notification: {_reason(error)}",
            hint="Check notify_url, and that the host answers.",
        ) from None
    finally:
        overdue.cancel()
        connection.close()
    if not 200 <= status < 300:
        raise Refused(address, status)
    return status


class Refused(Unavailable):
    """It was answered, but not with a success."""

    def __init__(self, address: NotifyAddress, status: int) -> None:
        super().__init__(
            "notify-refused",
            f"{address.shown} answered {status}",
            hint="Check notify_url; redirects are not followed.",
        )
        self.status = status


def status_of(error: TaxiwayError) -> int | None:
    return error.status if isinstance(error, Refused) else None


def _ask(connection: _Pinned, address: NotifyAddress, content: bytes, delivery: str) -> int:
    headers = {
        "Host": address.authority,
        "Content-Type": "application/json",
        "User-Agent": f"taxiway/{__version__}",
        "Taxiway-Delivery": delivery,
        "Connection": "close",
    }
    connection.request("POST", address.target, content, headers)
    return connection.getresponse().status


def _cut(connection: _Pinned) -> None:
    """Whoever answers a byte now and then keeps no thread for longer."""
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def _reason(error: Exception) -> str:
    """What is known, without the address, whose path may hold a secret."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
