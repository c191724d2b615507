"""Requests signed as boto3 signs them, as HTTP headers or as the events API Gateway makes of them.

`sign` takes any URL, so the same helper drives an in-process handler, the local gateway and AWS.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
API_ID = "a1b2c3d4e5"
STAGE = "alpha"
OWNER = "999999999999"
ENDPOINT = f"https://{API_ID}.execute-api.{REGION}.amazonaws.com/{STAGE}"


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """What a client holds."""

    access_key_id: str
    secret: str
    session_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A request ready to send. `headers` includes Host, Authorization and, with a body, Content-Length."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def target(self) -> str:
        """Path and query exactly as they go on the wire."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def sign(
    method: str,
    url: str,
    key: ClientKey,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    region: str = REGION,
    service: str = "serverlessrepo",
    at: datetime | None = None,
) -> Signed:
    """Signs with botocore's own signer. `url`'s path and query must be percent-encoded already."""
    sent = dict(headers or {})
    request = AWSRequest(method=method, url=url, data=body, headers=sent)
    signer = SigV4Auth(Credentials(key.access_key_id, key.secret, key.session_token), service, region)
    with mock.patch("botocore.auth.get_current_datetime", return_value=at or datetime.now(UTC)):
        signer.add_auth(request)
    out = dict(request.headers.items())
    out.setdefault("Host", urlsplit(url).netloc)
    if body or method in {"POST", "PUT", "PATCH"}:
        out.setdefault("Content-Length", str(len(body)))
    return Signed(method=method, url=url, headers=out, body=body)


def send(signed: Signed, *, timeout_s: float = 30) -> tuple[int, dict[str, str], bytes]:
    """One request over a new connection, byte for byte as signed: (status, lower-case headers, body)."""
    parts = urlsplit(signed.url)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.putrequest(signed.method, signed.target, skip_host=True, skip_accept_encoding=True)
        for name, value in signed.headers.items():
            connection.putheader(name, value)
        connection.endheaders(signed.body or None)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def authorizer_event(
    signed: Signed, *, request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
) -> dict[str, Any]:
    """The REQUEST authoriser's event of a REST API with one `/{proxy+}` resource."""
    parts = urlsplit(signed.url)
    raw = parts.path or "/"
    in_stage = raw.removeprefix(f"/{STAGE}") or "/"
    headers = {
        **signed.headers,
        "X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    query = parse_qs(parts.query, keep_blank_values=True) or None
    return {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:{REGION}:{OWNER}:{API_ID}/{STAGE}/{signed.method}{in_stage}",
        "resource": "/{proxy+}",
        "path": unquote(in_stage),
        "httpMethod": signed.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query and {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": query,
        "pathParameters": {"proxy": in_stage.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "0nb8z1",
            "resourcePath": "/{proxy+}",
            "httpMethod": signed.method,
            "extendedRequestId": "Z1a2b3c4IAMFaGw=",
            "requestTime": "24/Nov/2026:06:16:00 +0000",
            "path": raw,
            "accountId": OWNER,
            "protocol": "HTTP/1.1",
            "stage": STAGE,
            "domainPrefix": API_ID,
            "requestTimeEpoch": 1795500960000,
            "requestId": request_id,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "Boto3/1.44", "accountId": None},
            "domainName": f"{API_ID}.execute-api.{REGION}.amazonaws.com",
            "deploymentId": "d3e4f5",
            "apiId": API_ID,
        },
    }


def proxy_event(signed: Signed, context: Mapping[str, str] | None) -> dict[str, Any]:
    """The Lambda proxy integration's event after the authoriser answered `context`.

    `Authorization` is gone, as API Gateway drops it; None stands for an API without an authoriser.
    """
    event = authorizer_event(signed)
    del event["type"], event["methodArn"]
    for name in [n for n in event["headers"] if n.lower() == "authorization"]:
        del event["headers"][name], event["multiValueHeaders"][name]
    if context is not None:
        event["requestContext"]["authorizer"] = {
            **context,
            "principalId": "registry",
            "integrationLatency": 12,
        }
    event["body"] = signed.body.decode() if signed.body else None
    event["isBase64Encoded"] = False
    return event
