"""What is exchanged at `POST /auth/token`: a signed sts:GetCallerIdentity for a key of this registry.

The caller never sends a request to STS; it sends the signature of one. All that STS is asked is built here:
none of it is the caller's choice but who signed, when, and the server id. That is signed, and ends in the
digest of what is demanded: a proof made for another registry, or for other signing keys, is void.
Known attacks on schemes of this kind: CVE-2020-16250, CVE-2022-2385.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from registry.domain.keys import REGISTRY_KEY, SIGNING_KEYS, KeyKind
from registry.domain.signatures import ALGORITHM, INVALID, TERMINATOR, check_clock
from registry.errors import Invalid, SignatureFault

KEY_LIFE = timedelta(hours=1)
# A proof is good for 5 minutes before and after its date; its digest is kept for longer than both together.
PROOF_MEMORY = timedelta(minutes=15)

AUTHORIZATION, DATE, SECURITY_TOKEN, SERVER_ID = (
    "authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-registry-server-id",
)
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
SIGNED_HEADERS = ("content-type", "host", DATE, SECURITY_TOKEN, SERVER_ID)
MAX_HEADER_BYTES = 8192

# As botocore writes it, in one form only: no parameter can be given twice, in other case or out of order.
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=(?P<id>[A-Za-z0-9_]{{1,128}})/(?P<scope>[!-+\--~]{{1,128}}), "
    r"SignedHeaders=(?P<signed>[a-z0-9;-]{1,512}), Signature=(?P<signature>[0-9a-f]{64})"
)
# Long-lived keys of users and sessions' keys (IAM user guide, "Understanding unique ID prefixes").
_AWS_KEY_ID = re.compile(r"A[KS]IA[A-Z0-9]{12,124}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_VISIBLE = re.compile(r"[ -~]+")
_DAY = "%Y%m%d"
_SIGNING_KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What the caller wants: a registry key, or that these signing keys (by UTC date) count as its own.

    `nonce` tells two demands of one second apart, which SigV4 would sign alike.
    """

    kind: KeyKind
    nonce: str
    by_date: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def digest(self) -> str:
        """Of every detail, in lower-case hex."""
        lines = [
            self.kind,
            self.nonce,
            *(f"{date} {self.by_date[date].hex()}" for date in sorted(self.by_date)),
        ]
        return sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Server:
    """The registry that a proof is made for. `host` is the endpoint's, in lower case and without a port."""

    stage: str
    region: str
    host: str

    def id_for(self, demand: Demand) -> str:
        return f"{self.stage}/{self.region}/{self.host}/{demand.digest()}"


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A signature, well formed, fresh and for this server and demand; STS has not judged it yet.

    `headers` are those four, by lower-case name, that may be taken over into the request to STS.
    """

    access_key_id: str
    digest: str
    headers: Mapping[str, str] = field(repr=False)


def sts_headers(host: str, from_caller: Mapping[str, str]) -> dict[str, str]:
    """The whole head of the request to STS, as it was signed; `host` is that of AWS STS in the region."""
    return {"content-type": CONTENT_TYPE, "host": host, **from_caller}


def read_demand(asked: Mapping[str, object], *, signed_at: datetime) -> Demand:
    """`asked`: kind, nonce, and signingKeys as hex by date, of the day of signing and the next.

    Raises Invalid.
    """
    kind, nonce, signing_keys = asked.get("kind"), asked.get("nonce"), asked.get("signingKeys")
    if not isinstance(nonce, str) or _NONCE.fullmatch(nonce) is None:
        raise Invalid("nonce must be 16 to 64 letters, digits, - and _")
    if kind == REGISTRY_KEY:
        if signing_keys is not None:
            raise Invalid(f"signingKeys belong to kind {SIGNING_KEYS} alone")
        return Demand(kind=REGISTRY_KEY, nonce=nonce)
    if kind != SIGNING_KEYS:
        raise Invalid(f"kind must be {SIGNING_KEYS} or {REGISTRY_KEY}")
    days = [(signed_at + timedelta(days=ahead)).strftime(_DAY) for ahead in (0, 1)]
    if not isinstance(signing_keys, Mapping) or sorted(signing_keys) != days:
        raise Invalid(f"signingKeys must hold one key each for {days[0]} and {days[1]}, and no other")
    by_date = {day: _signing_key(signing_keys[day]) for day in days}
    return Demand(kind=SIGNING_KEYS, nonce=nonce, by_date=by_date)


def read_signed_at(headers: Mapping[str, object], *, now: datetime) -> datetime:
    """The proof's own date, at most 5 minutes from `now`. Raises SignatureFault."""
    date = str(headers.get(DATE))
    check_clock(date, date[:8], now=now)
    return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def check_proof(headers: Mapping[str, object], *, server_id: str, region: str, now: datetime) -> Proof:
    """Everything that can be refused without asking STS. Raises Invalid for the form, else SignatureFault."""
    texts = _texts(headers)
    match = _AUTHORIZATION.fullmatch(texts[AUTHORIZATION])
    if match is None:
        raise Invalid(
            f"proof.{AUTHORIZATION} must have the form '{ALGORITHM} Credential=<key id>/<scope>, "
            "SignedHeaders=<names>, Signature=<64 lower-case hex digits>'"
        )
    if _AWS_KEY_ID.fullmatch(match["id"]) is None:
        raise _fault("key-form", "The proof must be signed with an AWS access key (AKIA… or ASIA…).")
    _check_scope(match["scope"], region)
    check_clock(texts[DATE], match["scope"], now=now)
    signed = [name for name in SIGNED_HEADERS if name != SECURITY_TOKEN or name in texts]
    if match["signed"] != ";".join(signed):
        raise _fault("proof-signed-headers", f"The proof's SignedHeaders must be exactly {';'.join(signed)}.")
    if texts[SERVER_ID] != server_id:
        raise _fault(
            "server-id",
            f"The proof was made for {texts[SERVER_ID]}, and this is {server_id}: another stage, region or "
            "host, or other signing keys than the proof covers.",
        )
    digest = sha256(match["signature"].encode()).hexdigest()
    return Proof(access_key_id=match["id"], digest=digest, headers=texts)


def _texts(headers: Mapping[str, object]) -> dict[str, str]:
    known = {AUTHORIZATION, DATE, SECURITY_TOKEN, SERVER_ID}
    for name in headers.keys() - known:
        raise Invalid(
            f"proof.{ascii(name[:64])[1:-1]} is not taken over; only {', '.join(sorted(known))} are"
        )
    for name in sorted(known - {SECURITY_TOKEN} - headers.keys()):
        raise Invalid(f"proof.{name} is required")
    texts: dict[str, str] = {}
    for name, value in headers.items():
        if not isinstance(value, str) or not _VISIBLE.fullmatch(value) or value != " ".join(value.split()):
            raise Invalid(f"proof.{name} must be one line of visible ASCII characters")
        if len(value) > MAX_HEADER_BYTES:
            raise Invalid(f"proof.{name} has {len(value)} characters, {MAX_HEADER_BYTES} allowed")
        texts[name] = value
    return texts


def _check_scope(scope: str, region: str) -> None:
    _, *rest = scope.split("/")
    if rest != [region, "sts", TERMINATOR]:
        raise _fault(
            "proof-scope", f"The proof must be signed for the scope <date>/{region}/sts/{TERMINATOR}."
        )


def _signing_key(text: object) -> bytes:
    if isinstance(text, str) and re.fullmatch(rf"[0-9a-f]{{{2 * _SIGNING_KEY_BYTES}}}", text):
        return bytes.fromhex(text)
    raise Invalid(f"a signing key must be {2 * _SIGNING_KEY_BYTES} lower-case hex digits")


def _fault(rule: str, message: str) -> SignatureFault:
    return SignatureFault(INVALID, message, rule=rule)
