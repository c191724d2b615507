"""Who is calling, from what the authoriser said. Default-deny: whatever is not a valid verdict is nobody."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry import log
from registry.domain.canonical import Payload
from registry.domain.signatures import MISSING, mismatch
from registry.domain.verdicts import UNAVAILABLE, Pending, Refused, Verified, read_verdict
from registry.errors import SignatureFault, Unavailable

Verify = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A proven identity. `actions` are the service's action names, or `*` alone.

    `region`, where the request arrived, and `organization_of` are the handler's to give; without them a
    caller sees only what is public or its own.
    """

    account: str
    principal: str
    actions: tuple[str, ...]
    access_key_id: str
    region: str = ""
    organization_of: Callable[[str], str | None] = lambda _account: None

    def organization(self) -> str | None:
        """The id of the account's organisation, looked up anew each time."""
        return self.organization_of(self.account)

    def may(self, action: str) -> bool:
        """What the key allows; the application's own policy is another question."""
        return "*" in self.actions or action in self.actions


def caller_from(event: Mapping[str, Any], verify: Verify) -> Caller:
    """`event` is the proxy integration's; `verify` takes the Auth Lambda's payload and gives its answer.

    `verify` is called once, and only for a request whose authoriser could not see the body. Raises
    SignatureFault, or Unavailable when the Auth Lambda could not read its keys or gave no verdict.
    """
    about = event.get("requestContext") or {}
    verdict = read_verdict(about.get("authorizer"))
    body = _body(event)
    if isinstance(verdict, Pending):
        payload = Payload.of(body)
        question = {
            **verdict.as_context(),
            "payloadSha256": payload.sha256,
            "payloadBytes": payload.size_bytes,
            "requestId": str(about.get("requestId", "")),
        }
        verdict = read_verdict(verify({"verify": question}))
        if not isinstance(verdict, Verified | Refused):
            raise Unavailable("The registry could not verify the request's body. Try again.")
    elif isinstance(verdict, Verified) and body:
        # The authoriser took the request for one without a body, so this one is not covered.
        raise mismatch()
    if isinstance(verdict, Verified):
        return Caller(
            account=verdict.account,
            principal=verdict.principal,
            actions=verdict.actions,
            access_key_id=verdict.access_key_id,
        )
    if verdict is None:
        log.event("verdict-missing", level="ERROR")
        raise SignatureFault(MISSING, "Missing Authentication Token", rule="verdict-missing")
    if verdict.fault == UNAVAILABLE:
        raise Unavailable(verdict.message)
    raise SignatureFault(verdict.fault, verdict.message)


def _body(event: Mapping[str, Any]) -> bytes:
    """The bytes the client sent. Raises SignatureFault when they cannot be had."""
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            return base64.b64decode(body, validate=True)
        return str(body).encode()
    except (binascii.Error, UnicodeEncodeError):
        raise mismatch() from None
