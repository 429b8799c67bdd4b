"""What runs beside us is asked on kept connections, and never on one that it may be ending."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler

from answering import serving

from fixtures.eventually import RealPace
from fixtures.local_http import KEPT_S, ask


class Server(BaseHTTPRequestHandler):
    """Says on which of its connections it was asked; one that was idle for `KEPT_S` it ends, whatever is on its way."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        """A new connection."""
        super().setup()
        type(self).connections += 1
        self.used_at = time.monotonic()

    def do_GET(self) -> None:
        """The number of the connection."""
        if time.monotonic() - self.used_at >= KEPT_S:
            self.close_connection = True
            return
        said = str(self.connections).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        self.used_at = time.monotonic()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_an_idle_connection_is_not_used_again() -> None:
    """A connection carries more than one question; after a pause, in which its server may end it, a new one does."""
    with serving(Server) as url:
        used = [ask(url) for _ in range(20)][-1]
        assert used < 20
        RealPace().pause(KEPT_S)
        assert used + 1 == ask(url)
