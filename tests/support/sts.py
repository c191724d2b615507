"""A stand-in for AWS STS that really verifies GetCallerIdentity signatures, with botocore's signer."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from unittest import mock
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.signing import ClientKey

ANSWER = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>{arn}</Arn>
    <UserId>AROAEXAMPLE:session</UserId>
    <Account>{account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>"""
REFUSAL = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"""

_ADDED_BY_SIGNING = ("x-amz-date", "x-amz-security-token")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived; headers by lower-case name."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Told:
    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})


@dataclass(kw_only=True)
class StandInSts:
    """`known`: who holds which key. `instead`: told whatever is asked."""

    url: str = ""
    region: str = "us-east-1"
    known: dict[str, tuple[ClientKey, str, str]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    instead: Told | None = None

    def knows(self, key: ClientKey, arn: str) -> None:
        self.known[key.access_key_id] = (key, arn, arn.split(":")[4])

    def tell(self, asked: Asked) -> Told:
        self.asked.append(asked)
        if self.instead:
            return self.instead
        claimed = asked.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
        if claimed not in self.known:
            return Told(status=403, content=REFUSAL.format(code="InvalidClientTokenId").encode())
        key, arn, account = self.known[claimed]
        if not self._signed_by(key, asked):
            return Told(status=403, content=REFUSAL.format(code="SignatureDoesNotMatch").encode())
        return Told(status=200, content=ANSWER.format(arn=arn, account=account).encode())

    def _signed_by(self, key: ClientKey, asked: Asked) -> bool:
        names = asked.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
        ours = AWSRequest(
            method="POST",
            url=f"https://{asked.headers['host']}{asked.path}",
            headers={name: asked.headers[name] for name in names if name not in _ADDED_BY_SIGNING},
            data=asked.body,
        )
        date = datetime.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        own = Credentials(key.access_key_id, key.secret, key.session_token)
        with mock.patch("botocore.auth.get_current_datetime", return_value=date):
            SigV4Auth(own, "sts", self.region).add_auth(ours)
        return bool(ours.headers["Authorization"] == asked.headers["authorization"])


@contextmanager
def stand_in_sts() -> Iterator[StandInSts]:
    """Serves on a free port of loopback while the block runs."""
    sts = StandInSts()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = sts.tell(Asked(path=urlsplit(self.path).path, headers=headers, body=body))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    sts.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield sts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
