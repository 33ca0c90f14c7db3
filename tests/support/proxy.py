"""A real HTTP proxy on the loopback that only makes tunnels, and asks who wants them."""

from __future__ import annotations

import base64
import selectors
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Proxy(socketserver.ThreadingTCPServer):
    """`tunnels` are the places that were asked for; `login` is `user:password`."""

    daemon_threads = True
    allow_reuse_address = True
    login = "ada:hunter2"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.tunnels: list[str] = []

    @property
    def url(self) -> str:
        return f"http://{self.login}@127.0.0.1:{self.server_address[1]}"


class _Tunnel(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        verb, target, _ = self.rfile.readline().decode().split()
        headers = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        wanted = "Basic " + base64.b64encode(self.server.login.encode()).decode()
        if verb != "CONNECT" or headers.get("proxy-authorization") != wanted:
            self.wfile.write(
                b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\n"
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        self.server.tunnels.append(target)
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=60) as far:
            self.wfile.write(b"HTTP/1.1 200 Go on\r\n\r\n")
            _join(self.connection, far)


def _join(near: socket.socket, far: socket.socket) -> None:
    other = {near: far, far: near}
    with selectors.DefaultSelector() as waiting:
        for side in other:
            waiting.register(side, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                side = key.fileobj
                try:
                    data = side.recv(1 << 16)
                    other[side].sendall(data)
                except OSError:
                    return
                if not data:
                    return


@contextmanager
def proxying() -> Iterator[Proxy]:
    with Proxy() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
