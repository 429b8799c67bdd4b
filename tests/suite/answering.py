"""Servers for a test: any handler's, and one that says the same to all: what is no AWS, and no emulator of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on this machine whose requests `handler` answers; its URL. It ends as soon as it is told to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        looks = {"poll_interval": 0.01}  # how soon it sees that it is to end: half a second by default
        threading.Thread(target=server.serve_forever, kwargs=looks, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextmanager
def answering(status: int, body: bytes = b"", version: str | None = None) -> Iterator[str]:
    """A server that answers everything with `status` and `body`, but its health with `version`; its URL."""

    class Answers(BaseHTTPRequestHandler):
        def answer(self) -> None:
            is_health = version is not None and self.path == "/_ministack/health"
            said = f'{{"version": "{version}"}}'.encode() if is_health else body
            self.send_response(200 if is_health else status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with serving(Answers) as url:
        yield url
