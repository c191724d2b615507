"""`POST /auth/token` on the wire: a JSON body, since API Gateway takes a signed Authorization header away.

{"kind": "signing-keys" | "registry-key",
 "nonce": <16 to 64 letters, digits, - and _>,
 "proof": {"authorization": …, "x-amz-date": …, "x-amz-security-token"?: …, "x-registry-server-id": …},
 "signingKeys"?: {"20261124": <64 hex digits>, "20261125": <64 hex digits>}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from registry import log
from registry.api.requests import read_body
from registry.api.wire import Answer, refuse, respond
from registry.domain.keys import RegistryKey, StoredKey
from registry.errors import Invalid
from registry.services.exchange import Exchange

MAX_BODY_BYTES = 32_768

_MEMBERS = {"kind", "nonce", "proof", "signingKeys"}


def answer_exchange(event: Mapping[str, Any], exchange: Callable[[], Exchange]) -> Answer:
    """Takes and gives API Gateway's proxy integration format. Never raises."""
    about = event.get("requestContext") or {}
    log.correlate(str(about.get("requestId", "")))
    said: dict[str, Any] = {
        "operation": "ExchangeToken",
        "sourceIp": (about.get("identity") or {}).get("sourceIp", ""),
    }
    try:
        asked = _read(event)
        key = exchange().run(asked, _proof(asked), host=str(about.get("domainName", "")))
    except Exception as error:
        return refuse(error, said)
    record = key.record
    log.event(
        "key-exchanged",
        kind=record.kind,
        accessKeyId=record.access_key_id,
        account=record.account,
        principal=record.principal,
        actions=",".join(record.actions),
        **said,
    )
    return respond(201, _shape(key), {"Cache-Control": "no-store"})


def _shape(key: StoredKey) -> dict[str, Any]:
    record = key.record
    shown: dict[str, Any] = {
        "kind": record.kind,
        "accessKeyId": record.access_key_id,
        "account": record.account,
        "principal": record.principal,
        "actions": list(record.actions),
        "expiration": record.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ") if record.expires_at else None,
    }
    return shown | ({"secretAccessKey": key.secret} if isinstance(key, RegistryKey) else {})


def _read(event: Mapping[str, Any]) -> Mapping[str, object]:
    if len(event.get("body") or "") > MAX_BODY_BYTES:
        raise Invalid(f"The body may have {MAX_BODY_BYTES} bytes")
    asked = read_body(event, pairs=_without_repeats)
    for name in asked.keys() - _MEMBERS:
        raise Invalid(
            f"{ascii(name[:64])[1:-1]} is not a member of this request; {', '.join(sorted(_MEMBERS))} are"
        )
    return asked


def _proof(asked: Mapping[str, object]) -> Mapping[str, object]:
    proof = asked.get("proof")
    if not isinstance(proof, dict):
        raise Invalid("proof must be an object")
    return proof


def _without_repeats(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members of one name, two readers could believe either (CVE-2022-2385); case does not count."""
    names = [name.lower() for name, _ in members]
    for name in names:
        if names.count(name) > 1:
            raise Invalid(f"{ascii(name[:64])[1:-1]} is given more than once")
    return dict(members)
