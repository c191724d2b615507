"""What the authoriser tells the API function about a request: the one definition both sides use.

It travels as API Gateway's authoriser context: a flat map of texts under 4 KB. To change its form, add the
new version to ACCEPTED and release, then raise VERSION and release: during a rollout an old authoriser
meets a new API function and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from registry.domain.signatures import Claim

VERSION = "1"
ACCEPTED = frozenset({"1"})
MAX_CONTEXT_BYTES = 4096

UNAVAILABLE = "ServiceUnavailableException"


@dataclass(frozen=True, kw_only=True)
class Verified:
    """The signature is right and covers everything that was sent."""

    account: str
    principal: str
    access_key_id: str
    actions: tuple[str, ...]

    def as_context(self) -> dict[str, str]:
        return {
            "v": VERSION,
            "account": self.account,
            "principal": self.principal,
            "accessKeyId": self.access_key_id,
            "actions": ",".join(self.actions),
        }

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Verified | None:
        """None unless every field is there and has a value."""
        fields = _texts(context, "account", "principal", "accessKeyId", "actions")
        if fields is None:
            return None
        account, principal, access_key_id, actions = fields
        return cls(
            account=account,
            principal=principal,
            access_key_id=access_key_id,
            actions=tuple(actions.split(",")),
        )


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Nothing is proved yet: the signature also covers a body, which the authoriser does not get.

    The context's `prefix` is the canonical request up to and including the signed-headers line and its
    newline, as a JSON list of its one or two parts (see Claim): one line of ASCII, which nothing on the way
    can alter.
    """

    claim: Claim

    def as_context(self) -> dict[str, str]:
        return {
            "v": VERSION,
            "pending": "body",
            "accessKeyId": self.claim.access_key_id,
            "prefix": json.dumps(self.claim.prefix),
            "amzDate": self.claim.amz_date,
            "scope": self.claim.scope,
            "signature": self.claim.signature,
        }

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Pending | None:
        """None unless every field is there and has a value."""
        fields = _texts(context, "accessKeyId", "prefix", "amzDate", "scope", "signature")
        if fields is None:
            return None
        access_key_id, quoted_prefix, amz_date, scope, signature = fields
        prefix = _parts(quoted_prefix)
        if prefix is None:
            return None
        return cls(
            claim=Claim(
                access_key_id=access_key_id,
                prefix=prefix,
                amz_date=amz_date,
                scope=scope,
                signature=signature,
            )
        )


@dataclass(frozen=True, kw_only=True)
class Refused:
    """`fault` is an error type of AWS's (403), or UNAVAILABLE (503: keys could not be read)."""

    fault: str
    message: str

    def as_context(self) -> dict[str, str]:
        return {"v": VERSION, "fault": self.fault, "message": self.message}

    @classmethod
    def from_context(cls, context: Mapping[str, object]) -> Refused | None:
        fields = _texts(context, "fault", "message")
        return None if fields is None else cls(fault=fields[0], message=fields[1])


Verdict = Verified | Pending | Refused


def read_verdict(context: object) -> Verdict | None:
    """The verdict in an authoriser context or in the answer to a body question; None when it is not one.

    A context that says two things is read as the one that trusts less.
    """
    if not isinstance(context, Mapping) or context.get("v") not in ACCEPTED:
        return None
    if "fault" in context:
        return Refused.from_context(context)
    if "pending" in context:
        return Pending.from_context(context) if context["pending"] == "body" else None
    return Verified.from_context(context)


def size_bytes(context: Mapping[str, str]) -> int:
    """As it travels: JSON in UTF-8."""
    return len(json.dumps(dict(context)).encode())


def _parts(quoted: str) -> tuple[str, ...] | None:
    """One text or two from a JSON list; None for anything else."""
    try:
        parts = json.loads(quoted)
    except ValueError:
        return None
    if not isinstance(parts, list) or len(parts) not in {1, 2}:
        return None
    return tuple(parts) if all(isinstance(part, str) for part in parts) else None


def _texts(context: Mapping[str, object], *names: str) -> list[str] | None:
    found = [context.get(name) for name in names]
    texts = [value for value in found if isinstance(value, str) and value]
    return texts if len(texts) == len(names) else None
