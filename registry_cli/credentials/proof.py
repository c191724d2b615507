"""The client's half of the exchange: derived signing keys, and the proof that credentials are one's own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from registry.domain.keys import REGISTRY_KEY, KeyKind
from registry.domain.signatures import SERVICE, TERMINATOR, signing_key
from registry.domain.tokens import (
    AUTHORIZATION,
    BODY,
    DATE,
    SECURITY_TOKEN,
    SERVER_ID,
    Demand,
    Server,
    sts_headers,
)
from registry_cli.credentials.own import OwnCredentials

_TAKEN_OVER = (AUTHORIZATION, DATE, SECURITY_TOKEN, SERVER_ID)


@dataclass(frozen=True, kw_only=True)
class Prover:
    """`sts_host` is AWS's own host of STS in the server's region: nothing is sent to it from here."""

    own: OwnCredentials
    server: Server
    sts_host: str

    def request(self, kind: KeyKind) -> dict[str, Any]:
        """A body for `POST /auth/token`, good once and for 5 minutes."""
        while True:  # a second time when midnight (UTC) passes in between
            demand = self._demand(kind, datetime.now(UTC))
            proof = self._prove(demand)
            if not demand.by_date or proof[DATE][:8] == min(demand.by_date):
                break
        body: dict[str, Any] = {"kind": kind, "nonce": demand.nonce, "proof": proof}
        if demand.by_date:
            body["signingKeys"] = {date: key.hex() for date, key in demand.by_date.items()}
        return body

    def _demand(self, kind: KeyKind, now: datetime) -> Demand:
        nonce = secrets.token_urlsafe(16)
        if kind == REGISTRY_KEY:
            return Demand(kind=kind, nonce=nonce)
        days = [(now + timedelta(days=ahead)).strftime("%Y%m%d") for ahead in (0, 1)]
        return Demand(kind=kind, nonce=nonce, by_date={day: self._signing_key(day) for day in days})

    def _signing_key(self, day: str) -> bytes:
        scope = f"{day}/{self.server.region}/{SERVICE}/{TERMINATOR}"
        return signing_key(self.own.secret, scope)

    def _prove(self, demand: Demand) -> Mapping[str, str]:
        request = AWSRequest(
            method="POST",
            url=f"https://{self.sts_host}/",
            headers=sts_headers(self.sts_host, {SERVER_ID: self.server.id_for(demand)}),
            data=BODY,
        )
        own = Credentials(self.own.access_key_id, self.own.secret, self.own.session_token)
        SigV4Auth(own, "sts", self.server.region).add_auth(request)
        signed = {name.lower(): value for name, value in request.headers.items()}
        return {name: signed[name] for name in _TAKEN_OVER if name in signed}
