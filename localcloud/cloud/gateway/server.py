"""The gateway's HTTP server: uvicorn, told to keep the spelling of header names."""

from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from localcloud.cloud.gateway.app import HEADERS_AS_SENT, Gateway

HEADER_LIMIT = 64 * 1024  # bytes of request line and headers together


class _Connection(h11.Connection):
    """Remembers the headers of the request under way as they were sent; h11 itself lowers their names."""

    headers_as_sent: tuple[tuple[bytes, bytes], ...] = ()

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.headers_as_sent = tuple(event.headers.raw_items())
        return event


class _Protocol(H11Protocol):
    """API Gateway passes header names on as the client spelled them; ASGI alone would lower them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn: _Connection = _Connection(h11.SERVER, max_incomplete_event_size=HEADER_LIMIT)

    def handle_events(self) -> None:
        super().handle_events()
        if self.scope is not None:  # the application's task starts only after this call
            self.scope["extensions"] = {HEADERS_AS_SENT: self.conn.headers_as_sent}  # type: ignore[dict-item]


def server(gateway: Gateway, port: int) -> uvicorn.Server:
    """Listens on the loopback interface only."""
    return uvicorn.Server(
        uvicorn.Config(
            gateway,
            host="127.0.0.1",
            port=port,
            http=_Protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
        )
    )
