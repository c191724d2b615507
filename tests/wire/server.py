"""The two handlers behind a tiny HTTP server of this process: API Gateway reduced to its events."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.support.contract import ERROR_TYPE, Exchange
from tests.support.signing import STAGE, Signed, authorizer_event, proxy_event
from tests.support.witness import Witness

# What API Gateway keeps to itself (measured; the local gateway drops the same).
DROPPED = {"connection", "content-length", "content-md5", "expect", "transfer-encoding", "te"}
Handler = Callable[[dict[str, Any], object], dict[str, Any]]


class _Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for an ACK
    authorize: Handler
    integrate: Handler
    saw: Witness

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in DROPPED}
        asked = Signed(method=self.command, url=f"http://front{self.path}", headers=headers, body=b"")
        context = type(self).authorize(authorizer_event(asked), None)["context"]
        event = proxy_event(asked, context)
        try:
            event |= {"body": body.decode() or None}
        except UnicodeDecodeError:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        answer = type(self).integrate(event, None)
        content = answer["body"].encode()
        type(self).saw(
            Exchange(
                method=self.command,
                target=self.path.removeprefix(f"/{STAGE}"),
                asked=body,
                status=answer["statusCode"],
                kind=answer["headers"].get(ERROR_TYPE, ""),
                answered=content,
            )
        )
        self.send_response(answer["statusCode"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(authorize: Handler, integrate: Handler, saw: Witness) -> Iterator[str]:
    """The endpoint URL, API stage included, while the server runs; `saw` is told of every exchange."""
    calls = {"authorize": authorize, "integrate": integrate, "saw": saw}
    front = type("Front", (_Front,), {name: staticmethod(call) for name, call in calls.items()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), front)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{STAGE}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
