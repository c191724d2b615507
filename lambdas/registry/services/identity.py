"""Who sent a request: the claim in its signature, checked against the key that the claim names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.domain.canonical import NO_PAYLOAD, Payload, Request, may_have_body
from registry.domain.keys import StoredKey, is_access_key_id
from registry.domain.signatures import (
    EXPIRED,
    UNRECOGNIZED,
    Claim,
    check_clock,
    check_scope,
    check_signature,
    read_claim,
)
from registry.domain.verdicts import Pending, Verified
from registry.errors import SignatureFault

# A request that was in time at the authoriser is still in time when its body is asked about.
HANDSHAKE_GRACE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """`find_key` gives a key in whatever state, or None; it may remember one for 60 s at most."""

    find_key: Callable[[str], StoredKey | None]
    region: str
    now: Callable[[], datetime]

    def of_request(self, request: Request) -> Verified | Pending:
        """Pending when a body may follow, and then the key has not been looked up.

        Raises SignatureFault, or Unavailable when keys cannot be read.
        """
        claim = read_claim(request, region=self.region, now=self.now())
        if may_have_body(request):
            return Pending(claim=claim)
        return self._prove(claim, NO_PAYLOAD)

    def of_body(self, pending: Pending, payload: Payload) -> Verified:
        """The second half: `payload` is of the body as it arrived.

        Trusts nothing in `pending` that it can check. Raises like `of_request`.
        """
        claim = pending.claim
        check_scope(claim.scope, region=self.region)
        check_clock(claim.amz_date, claim.scope, now=self.now(), grace=HANDSHAKE_GRACE)
        return self._prove(claim, payload)

    def _prove(self, claim: Claim, payload: Payload) -> Verified:
        key = self.find_key(claim.access_key_id) if is_access_key_id(claim.access_key_id) else None
        if key is None:
            raise _unrecognized("key-unknown")
        signing_key = key.signing_key(claim.scope)
        if signing_key is None:
            raise _expired("key-date")
        check_signature(claim, payload, signing_key)
        state = key.record.state(self.now())
        if state == "revoked":
            raise _unrecognized("key-revoked")
        if state == "expired":
            raise _expired("key-expired")
        return Verified(
            account=key.record.account,
            principal=key.record.principal,
            access_key_id=key.record.access_key_id,
            actions=key.record.actions,
        )


def _unrecognized(rule: str) -> SignatureFault:
    return SignatureFault(UNRECOGNIZED, "The security token included in the request is invalid.", rule=rule)


def _expired(rule: str) -> SignatureFault:
    return SignatureFault(EXPIRED, "The security token included in the request is expired", rule=rule)
