"""An endpoint with `POST /auth/token` on loopback, for clients of the exchange."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

Answer = tuple[int, dict[str, str], Any]


@dataclass(kw_only=True)
class TokenServer:
    """`asked`: path and body of each request. `instead`: answers for the next requests, in order."""

    answer: Callable[..., Answer]
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    instead: list[Answer] = field(default_factory=list)
    clock_ahead: timedelta = timedelta(0)

    def serve(self, path: str, body: dict[str, Any]) -> Answer:
        self.asked.append((path, body))
        return self.instead.pop(0) if self.instead else self.answer(body, host="127.0.0.1")


@contextmanager
def token_server(answer: Callable[..., Answer]) -> Iterator[TokenServer]:
    """Serves on a free port while the block runs; `answer` is the exchange_lambda fixture's."""
    served = TokenServer(answer=answer)
    one_at_a_time = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with one_at_a_time:
                status, headers, said = served.serve(self.path, body)
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(datetime.now(UTC) + served.clock_ahead, usegmt=True)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/alpha"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
