"""One HTTP request as API Gateway sees it."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

# Never reach an authoriser or an integration (recorded from AWS). Content-Length and Transfer-Encoding are
# among them: a function cannot learn from the headers whether there is a body.
HOP_HEADERS = frozenset(
    {
        "connection", "content-length", "content-md5", "expect", "max-forwards", "proxy-authenticate",
        "server", "te", "trailer", "transfer-encoding", "upgrade", "www-authenticate",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class GatewayRequest:
    """`raw_path` is the path exactly as sent: percent-encoded, base path included, without the query.

    `headers` keep the client's order and spelling, as on AWS. `query` is the raw query string.
    """

    method: str
    raw_path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"
    port: int = 80
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_request_id: str = field(default_factory=lambda: secrets.token_urlsafe(11) + "=")
    trace_id: str = field(default_factory=lambda: f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}")
    received: datetime = field(default_factory=lambda: datetime.now(UTC))

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its spelling."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def target(self) -> str:
        return f"{self.raw_path}?{self.query}" if self.query else self.raw_path

    def query_pairs(self) -> list[tuple[str, str]]:
        """Decoded names and values in the order sent; `+` is a space, an empty value is kept."""
        return parse_qsl(self.query, keep_blank_values=True)

    def forwarded_headers(self, *, signature_dropped: bool) -> dict[str, list[str]]:
        """What a function gets to see, by the first spelling of each name.

        With `signature_dropped`, `Authorization` is left out when it holds a Signature Version 4, as AWS does
        on the way to an integration.
        """
        forwarded: dict[str, list[str]] = {}
        spelling: dict[str, str] = {}
        for name, value in (*self.headers, *self._added()):
            key = name.lower()
            if key in HOP_HEADERS or (signature_dropped and is_signature(key, value)):
                continue
            forwarded.setdefault(spelling.setdefault(key, name), []).append(value)
        for key in ("x-forwarded-for",):  # a proxy's list is one value, which the gateway extends
            if key in spelling:
                forwarded[spelling[key]] = [", ".join(forwarded[spelling[key]])]
        return forwarded

    def _added(self) -> tuple[tuple[str, str], ...]:
        return (
            ("X-Amzn-Trace-Id", self.trace_id),
            ("X-Forwarded-For", self.source_ip),
            ("X-Forwarded-Port", str(self.port)),
            ("X-Forwarded-Proto", "http"),
        )


def is_signature(lower_name: str, value: str) -> bool:
    """Whether this header is an AWS Signature Version 4 (or 4A)."""
    return lower_name == "authorization" and value.lstrip().startswith("AWS4-")
