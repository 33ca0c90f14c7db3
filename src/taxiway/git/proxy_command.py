"""The way of ssh through an HTTP proxy: `python proxy_command.py HOST PORT`, standard library only.

ssh runs it as its ProxyCommand. The proxy's URL, which may hold a password, comes by the
environment. It asks the proxy for a tunnel and then passes bytes on until one side ends.
"""

from __future__ import annotations

import base64
import os
import selectors
import socket
import ssl
import sys
from urllib.parse import unquote, urlsplit

PROXY = "TAXIWAY_SSH_PROXY"
_CHUNK = 1 << 16


def main(host: str, port: str) -> int:
    proxy = urlsplit(os.environ[PROXY])
    secure = proxy.scheme == "https"
    place = (proxy.hostname or "", proxy.port or (443 if secure else 3128))
    with socket.create_connection(place, timeout=30) as plain:
        tunnel = plain
        if secure:
            tunnel = ssl.create_default_context().wrap_socket(plain, server_hostname=place[0])
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
        if proxy.username is not None:
            pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
            head += f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
        tunnel.sendall(f"{head}\r\n".encode())
        status = _status(tunnel)
        if " 200" not in status:
            print(f"fatal: the proxy refused the tunnel to {target}: {status}", file=sys.stderr)
            return 1
        tunnel.settimeout(None)
        _pass_on(tunnel)
    return 0


def _status(tunnel: socket.socket) -> str:
    """The first line of the proxy's answer; not a byte behind its head is taken."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _CHUNK:
        byte = tunnel.recv(1)
        if not byte:
            break
        head += byte
    return head.partition(b"\r\n")[0].decode("latin-1")


def _pass_on(tunnel: socket.socket) -> None:
    with selectors.DefaultSelector() as waiting:
        waiting.register(0, selectors.EVENT_READ)
        waiting.register(tunnel, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in waiting.select()}
            if 0 in ready:
                data = os.read(0, _CHUNK)
                if not data:
                    return
                tunnel.sendall(data)
            if tunnel in ready:
                data = tunnel.recv(_CHUNK)
                if not data:
                    return
                _write(data)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
