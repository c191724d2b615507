"""Requests to `POST /auth/token`, signed with botocore and nothing of ours; every detail can be got wrong."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.signing import ClientKey

HOST = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"
USER = ClientKey(access_key_id="AKIAIOSFODNN7EXAMPLE", secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
SESSION = ClientKey(
    access_key_id="ASIAIOSFODNN7EXAMPLE", secret="s" * 40, session_token="IQoJb3JpZ2luX2VjE/+=" * 40
)
CI_USER = "arn:aws:iam::111111111111:user/ci/bot"
PUBLISHER_ROLE = "arn:aws:sts::111111111111:assumed-role/registry-publisher-ci/run-7"


def derived(secret: str, date: str, *, region: str = "us-east-1", service: str = "serverlessrepo") -> bytes:
    """AWS's documented chain, spelled out."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = digest(key, part.encode(), "sha256")
    return key


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a client asks, and how it proves itself. Times are aware."""

    key: ClientKey = USER
    kind: str = "signing-keys"
    nonce: str | None = None
    stage: str = "alpha"
    region: str = "us-east-1"
    host: str = HOST
    sts_host: str = "sts.us-east-1.amazonaws.com"
    service: str = "sts"
    at: datetime | None = None
    signing_keys: Mapping[str, str] | None = None
    server_id: str | None = None
    body: bytes = b"Action=GetCallerIdentity&Version=2011-06-15"
    unsigned: tuple[str, ...] = ()

    def but(self, **changed: Any) -> Ask:
        return replace(self, **changed)

    def request(self) -> dict[str, Any]:
        at = self.at or datetime.now(UTC)
        keys = self.signing_keys
        if keys is None and self.kind == "signing-keys":
            days = [(at + timedelta(days=ahead)).strftime("%Y%m%d") for ahead in (0, 1)]
            keys = {day: derived(self.key.secret, day).hex() for day in days}
        nonce = self.nonce or secrets.token_urlsafe(16)
        lines = [self.kind, nonce, *(f"{date} {key}" for date, key in sorted((keys or {}).items()))]
        demand = sha256("\n".join(lines).encode()).hexdigest()
        server_id = self.server_id or f"{self.stage}/{self.region}/{self.host}/{demand}"
        body: dict[str, Any] = {"kind": self.kind, "nonce": nonce, "proof": self._signed(server_id, at)}
        return body if keys is None else body | {"signingKeys": dict(keys)}

    def _signed(self, server_id: str, at: datetime) -> dict[str, str]:
        request = AWSRequest(
            method="POST",
            url=f"https://{self.sts_host}/",
            headers={
                "content-type": "application/x-www-form-urlencoded; charset=utf-8",
                "x-registry-server-id": server_id,
            },
            data=self.body,
        )
        for name in self.unsigned:
            del request.headers[name]
        own = Credentials(self.key.access_key_id, self.key.secret, self.key.session_token)
        with mock.patch("botocore.auth.get_current_datetime", return_value=at):
            SigV4Auth(own, self.service, self.region).add_auth(request)
        signed = {name.lower(): value for name, value in request.headers.items()} | {
            "x-registry-server-id": server_id
        }
        names = ("authorization", "x-amz-date", "x-amz-security-token", "x-registry-server-id")
        return {name: signed[name] for name in names if name in signed}


def token_event(body: object, *, host: str = HOST) -> dict[str, Any]:
    """API Gateway's integration event of the route."""
    return {
        "resource": "/auth/token",
        "path": "/auth/token",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "requestContext": {
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "path": "/alpha/auth/token",
            "domainName": host,
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
