"""A proof of an AWS identity for a key of this registry (architecture.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from registry import log
from registry.domain.caller_identity import CallerIdentity, Unreadable, read_caller_identity
from registry.domain.keys import (
    REGISTRY_KEY,
    KeyRecord,
    RegisteredKeys,
    RegistryKey,
    StoredKey,
    new_access_key_id,
    new_secret,
)
from registry.domain.role_patterns import OrganizationOf, RolePatterns
from registry.domain.signatures import INVALID, UNRECOGNIZED
from registry.domain.tokens import (
    BODY,
    KEY_LIFE,
    PROOF_MEMORY,
    Demand,
    Proof,
    Server,
    check_proof,
    read_demand,
    read_signed_at,
    sts_headers,
)
from registry.errors import AccessDenied, AlreadyExists, Forbidden, SignatureFault, Unavailable
from registry.stores.keys import KeyStore, Replayed
from registry.stores.sts import Sts, StsAnswer


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """`sts_host` is AWS's own host of STS in `region`: the one a proof is signed for."""

    keys: KeyStore
    sts: Sts
    sts_host: str
    patterns: RolePatterns
    organization_of: OrganizationOf
    stage: str
    region: str
    now: Callable[[], datetime]

    def run(self, asked: Mapping[str, object], headers: Mapping[str, object], *, host: str) -> StoredKey:
        """The key, stored; it lives an hour. `asked`: see read_demand; `headers`: see Proof.

        `host` is the one that the caller reached this registry by.

        Raises Invalid, SignatureFault, AccessDenied, Forbidden or Unavailable, and then nothing was stored.
        """
        now = self.now().replace(microsecond=0)
        demand = read_demand(asked, signed_at=read_signed_at(headers, now=now))
        server_id = Server(stage=self.stage, region=self.region, host=host.lower()).id_for(demand)
        proof = check_proof(headers, server_id=server_id, region=self.region, now=now)
        identity = self._identity(proof)
        key = _key(demand, proof, identity, self._actions(identity), now)
        try:
            self.keys.exchange(key, proof=proof.digest, forget_at=now + PROOF_MEMORY)
        except Replayed:
            raise SignatureFault(
                INVALID, "This proof was used before: sign a new one.", rule="proof-replayed"
            ) from None
        except AlreadyExists:
            raise Forbidden(
                f"The registry's operator revoked access key {proof.access_key_id}, or keeps another key by "
                "that id. Use other AWS credentials, or ask the operator."
            ) from None
        return key

    def _identity(self, proof: Proof) -> CallerIdentity:
        answer = self.sts.ask(sts_headers(self.sts_host, proof.headers), BODY)
        if 400 <= answer.status < 500 and answer.error_code not in ("", "Throttling", "ThrottlingException"):
            raise SignatureFault(
                UNRECOGNIZED,
                f"AWS STS does not accept the proof's signature: {answer.error_code}.",
                rule="sts-refused",
            )
        try:
            if answer.status != 200 or not answer.content_type.startswith("text/xml"):
                raise Unreadable("a status or content type of another kind")
            return read_caller_identity(answer.content)
        except Unreadable as strange:
            _report(answer, strange)
            raise Unavailable("AWS STS gave no usable answer at this moment. Try again.") from strange

    def _actions(self, identity: CallerIdentity) -> tuple[str, ...]:
        actions = self.patterns.actions_of(identity, self.organization_of)
        if not actions:
            who = identity.subject or "this principal (only roles and IAM users can be)"
            raise AccessDenied(
                f"User: {identity.arn} is not authorized: no role pattern of stage {self.stage} covers {who} "
                f"of account {identity.account}. Ask the registry's operator for one, registry:rolePatterns.",
                rule="role-patterns",
            )
        return actions


def _key(
    demand: Demand, proof: Proof, identity: CallerIdentity, actions: tuple[str, ...], now: datetime
) -> StoredKey:
    record = KeyRecord(
        access_key_id=proof.access_key_id,
        account=identity.account,
        principal=identity.arn,
        actions=actions,
        description="by exchange",
        created_at=now,
        kind=demand.kind,
        expires_at=now + KEY_LIFE,
    )
    if demand.kind == REGISTRY_KEY:
        return RegistryKey(record=replace(record, access_key_id=new_access_key_id()), secret=new_secret())
    return RegisteredKeys(record=record, by_date=demand.by_date)


def _report(answer: StsAnswer, strange: Unreadable) -> None:
    log.event(
        "sts-answer-strange",
        level="ERROR",
        status=answer.status,
        contentType=answer.content_type[:100],
        reason=str(strange),
    )
