"""The Auth Lambda: the only place where what signs, a secret or signing keys, is ever decrypted.

It gets API Gateway's REQUEST authoriser event, or `{"verify": …}` from the API Lambda once that has the body.
It never says Deny: the API Lambda writes every refusal, so that each has the service's own form.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from registry import log
from registry.domain.canonical import Payload, Request
from registry.domain.signatures import INVALID
from registry.domain.verdicts import (
    MAX_CONTEXT_BYTES,
    UNAVAILABLE,
    Pending,
    Refused,
    Verdict,
    Verified,
    read_verdict,
    size_bytes,
)
from registry.errors import SignatureFault, Unavailable
from registry.services.identity import Identity
from registry.services.key_cache import KeyCache
from registry.stores.keys import KeyStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

_CLAIMED_KEY = re.compile(r"Credential=([A-Za-z0-9_]{1,128})/")
# Two tries fit well into the function's 10 s; API Gateway's caller is waiting.
_CALLS = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})


@cache
def identity() -> Identity:
    """Once a cold start. Plain botocore clients: boto3's resources would only cost time."""
    session = botocore.session.get_session()
    store = KeyStore(
        cast("DynamoDBClient", session.create_client("dynamodb", config=_CALLS)),
        cast("KMSClient", session.create_client("kms", config=_CALLS)),
        table=os.environ["KEY_TABLE"],
        kms_key=os.environ["KEYS_KMS_KEY"],
    )
    return Identity(
        find_key=KeyCache(store.find, clock=time.monotonic, now=_now).get,
        region=os.environ["AWS_REGION"],
        now=_now,
    )


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Shapes: see `registry.domain.verdicts`."""
    if "verify" in event:
        return _about_body(event["verify"])
    return _about_request(event)


def _about_request(event: dict[str, Any]) -> dict[str, Any]:
    about = event["requestContext"]
    log.correlate(about["requestId"])
    headers = event.get("multiValueHeaders") or {}
    request = Request(
        method=event["httpMethod"],
        path=about["path"],
        query=event.get("multiValueQueryStringParameters") or {},
        headers=headers,
    )
    said = {
        "accessKeyId": _claimed_key(headers),
        "method": request.method,
        "path": request.path,
        "sourceIp": about.get("identity", {}).get("sourceIp", ""),
    }
    context = _judge(lambda: identity().of_request(request), said)
    stage_arn = "/".join(event["methodArn"].split("/", 2)[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{stage_arn}/*/*"}
    return {
        "principalId": said["accessKeyId"] or "anonymous",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def _about_body(question: dict[str, Any]) -> dict[str, str]:
    log.correlate(question.get("requestId", ""))
    pending = read_verdict(question)
    if not isinstance(pending, Pending):
        # The API Lambda alone can ask, so this is a broken release and not a caller's doing.
        raise TypeError("a body question must carry a pending verdict")
    said = {"accessKeyId": pending.claim.access_key_id}
    payload = Payload(sha256=question["payloadSha256"], size_bytes=question["payloadBytes"])
    return _judge(lambda: identity().of_body(pending, payload), said)


def _judge(ask: Callable[[], Verified | Pending], said: Mapping[str, str]) -> dict[str, str]:
    """The verdict as a context; one audit line that names the rule which refused."""
    verdict: Verdict
    try:
        verdict = ask()
        rule = ""
    except SignatureFault as fault:
        verdict, rule = Refused(fault=fault.code, message=fault.message), fault.rule
    except UnicodeError:
        verdict, rule = Refused(fault=INVALID, message="The request is not valid UTF-8."), "encoding"
    except Unavailable as trouble:
        log.failure("keys-unreadable", trouble)
        verdict, rule = Refused(fault=UNAVAILABLE, message=trouble.message), "keys-unreadable"
    context = verdict.as_context()
    if size_bytes(context) > MAX_CONTEXT_BYTES:
        message = f"Path, query and signed headers are too long: {MAX_CONTEXT_BYTES} bytes hold them all."
        verdict, rule = Refused(fault=INVALID, message=message), "context-size"
        context = verdict.as_context()
    if isinstance(verdict, Refused):
        log.event("request-refused", level="WARNING", rule=rule, fault=verdict.fault, **said)
    else:
        log.event("request-accepted", pending=isinstance(verdict, Pending), **said)
    return context


def _now() -> datetime:
    return datetime.now(UTC)


def _claimed_key(headers: Mapping[str, Sequence[str]]) -> str:
    """The access key id as the client wrote it, for logs only; "" when there is none."""
    for name, values in headers.items():
        if name.lower() == "authorization" and (found := _CLAIMED_KEY.search(",".join(values))):
            return found[1]
    return ""


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    identity()  # while the sandbox starts: it has a whole CPU then, and no caller waits yet
