"""AWS Signature Version 4, the verifying half.

Error types and texts are those AWS's own services answer with. Signatures in the query string are refused:
no client of this API makes them, and a signed URL leaks through logs.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from registry.domain.canonical import CONTENT_LENGTH, Payload, Request, by_lower_name, canonical_prefix
from registry.errors import SignatureFault

SERVICE = "serverlessrepo"
ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
MAX_SKEW = timedelta(minutes=5)

MISSING = "MissingAuthenticationTokenException"
INCOMPLETE = "IncompleteSignatureException"
INVALID = "InvalidSignatureException"
UNRECOGNIZED = "UnrecognizedClientException"
EXPIRED = "ExpiredTokenException"

_DATE_FORM = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
# CloudFront adds it behind the client's back, so no client can have signed it.
_ADDED_ON_THE_WAY = frozenset({"x-amz-cf-id"})
# API Gateway puts its own value in or adds to the client's.
_CHANGED_ON_THE_WAY = frozenset(
    {"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
)
_SHOWN = 64


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who a request says it is from. Well formed, fresh and for this service and region; not yet proved.

    `prefix` is the canonical request without its last line, the payload's sha256. It is in two parts when the
    length of the payload belongs between them (see canonical_prefix).
    """

    access_key_id: str
    amz_date: str
    scope: str
    prefix: tuple[str, ...]
    signature: str


def read_claim(request: Request, *, region: str, now: datetime) -> Claim:
    """Raises SignatureFault for everything that can be refused without knowing the key."""
    headers = by_lower_name(request.headers)
    parameters = _parameters(_authorization(headers, request.query))
    access_key_id, scope = _credential(parameters["Credential"])
    check_scope(scope, region=region)
    amz_date = _amz_date(headers)
    check_clock(amz_date, scope, now=now)
    signed = _signed_names(parameters["SignedHeaders"], headers)
    return Claim(
        access_key_id=access_key_id,
        amz_date=amz_date,
        scope=scope,
        prefix=canonical_prefix(request, headers, signed),
        signature=parameters["Signature"],
    )


def signing_key(secret: str, scope: str) -> bytes:
    """The key for one scope, `date/region/service/terminator`."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def check_signature(claim: Claim, payload: Payload, key: bytes) -> None:
    """Raises SignatureFault unless `key` (see signing_key) made the claim's signature over this payload."""
    prefix = f"{payload.size_bytes:d}".join(claim.prefix)
    canonical = sha256((prefix + payload.sha256).encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.amz_date}\n{claim.scope}\n{canonical}".encode()
    expected = hmac.digest(key, to_sign, "sha256").hex()
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise mismatch()


def mismatch() -> SignatureFault:
    return SignatureFault(
        INVALID,
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        rule="signature",
    )


def check_clock(amz_date: str, scope: str, *, now: datetime, grace: timedelta = timedelta(0)) -> None:
    """Raises SignatureFault unless `amz_date` is of the scope's day and 5 minutes and `grace` from `now`."""
    sent = _parse_amz_date(amz_date)
    day = scope.partition("/")[0]
    if day != amz_date[:8]:
        raise SignatureFault(
            INVALID,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{_shown(day)}' != '{amz_date[:8]}', from '{amz_date}'.",
            rule="scope-date",
        )
    if sent < now - MAX_SKEW - grace:
        raise SignatureFault(
            INVALID,
            f"Signature expired: {amz_date} is now earlier than {_stamp(now - MAX_SKEW)} "
            f"({_stamp(now)} - 5 min.)",
            rule="clock-late",
        )
    if sent > now + MAX_SKEW + grace:
        raise SignatureFault(
            INVALID,
            f"Signature not yet current: {amz_date} is still later than {_stamp(now + MAX_SKEW)} "
            f"({_stamp(now)} + 5 min.)",
            rule="clock-early",
        )


def check_scope(scope: str, *, region: str) -> None:
    """Raises SignatureFault unless `scope` is for this service in `region`; its date is check_clock's."""
    _, scope_region, service, terminator = scope.split("/")
    if scope_region != region:
        raise SignatureFault(INVALID, "Credential should be scoped to a valid region. ", rule="scope-region")
    if service != SERVICE:
        raise SignatureFault(
            INVALID, f"Credential should be scoped to correct service: '{SERVICE}'. ", rule="scope-service"
        )
    if terminator != TERMINATOR:
        raise SignatureFault(
            INVALID,
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', "
            f"not '{_shown(terminator)}'. ",
            rule="scope-terminator",
        )


def _authorization(headers: Mapping[str, Sequence[str]], query: Mapping[str, Sequence[str]]) -> str:
    values = headers.get("authorization", ())
    if len(values) == 1:
        return values[0].strip()
    if values:
        raise SignatureFault(
            INCOMPLETE, "Authorization header must be sent exactly once.", rule="authorization-repeated"
        )
    if any(name.lower() == "x-amz-signature" for name in query):
        raise SignatureFault(
            INCOMPLETE,
            "Signatures in the query string are not supported. Sign the Authorization header.",
            rule="query-signature",
        )
    raise SignatureFault(MISSING, "Missing Authentication Token", rule="authorization-missing")


def _parameters(authorization: str) -> dict[str, str]:
    """Credential, SignedHeaders and Signature; a comma between them, spaces as one likes."""
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise SignatureFault(
            INCOMPLETE, f"Unsupported AWS 'algorithm': '{_shown(algorithm)}'.", rule="algorithm"
        )
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in rest.split(","))):
        name, equals, value = pair.partition("=")
        if not equals or name in found:
            problem = "missing equal-sign" if not equals else f"repeated '{_shown(name)}'"
            raise SignatureFault(
                INCOMPLETE,
                f"Invalid key=value pair ({problem}) in Authorization header {_hashed(authorization)}.",
                rule="authorization-form",
            )
        found[name] = value
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not found.get(name)]
    if missing:
        complaints = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise SignatureFault(
            INCOMPLETE, f"{complaints} {_hashed(authorization)}", rule="authorization-parameters"
        )
    return found


def _credential(credential: str) -> tuple[str, str]:
    """Access key id and scope text."""
    if credential.count("/") != 4:
        raise SignatureFault(
            INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{_shown(credential)}'",
            rule="credential-form",
        )
    access_key_id, _, scope = credential.partition("/")
    return access_key_id, scope


def _amz_date(headers: Mapping[str, Sequence[str]]) -> str:
    """The moment of signing as `20261124T061600Z`: X-Amz-Date, or else Date in either of its two forms."""
    values = headers.get("x-amz-date") or headers.get("date") or ()
    if len(values) != 1:
        raise SignatureFault(
            INCOMPLETE,
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            rule="date-missing",
        )
    value = values[0].strip()
    if "x-amz-date" not in headers and not _DATE_FORM.fullmatch(value):
        from email.utils import parsedate_to_datetime

        try:
            return _stamp(parsedate_to_datetime(value).astimezone(UTC))
        except (ValueError, OverflowError):
            pass  # the next check says what is wrong
    _parse_amz_date(value)
    return value


def _parse_amz_date(value: str) -> datetime:
    match = _DATE_FORM.fullmatch(value)
    if match is not None:
        year, month, day, hour, minute, second = map(int, match.groups())
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            pass
    raise SignatureFault(
        INCOMPLETE, f"Date must be in ISO-8601 'basic format'. Got '{_shown(value)}'.", rule="date-form"
    )


def _signed_names(text: str, headers: Mapping[str, Sequence[str]]) -> list[str]:
    names = text.split(";")
    if names != sorted(set(names)) or text != text.lower() or not all(names):
        raise SignatureFault(
            INVALID,
            "'SignedHeaders' must list lower-case header names once each, sorted, with ';' between them.",
            rule="signed-headers-form",
        )
    if "host" not in names:
        raise SignatureFault(
            INVALID,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            rule="signed-host",
        )
    for name in headers:
        if name.startswith("x-amz-") and name not in names and name not in _ADDED_ON_THE_WAY:
            raise SignatureFault(
                INVALID,
                f"'{_shown(name)}' must be a 'SignedHeader' in the AWS Authorization.",
                rule="signed-amz-headers",
            )
    _check_arrived(names, headers)
    return names


def _check_arrived(signed: Sequence[str], headers: Mapping[str, Sequence[str]]) -> None:
    """Names the header that would otherwise be a puzzling mismatch: its signed value cannot be known.

    API Gateway drops Connection, Content-MD5, Expect, TE, Transfer-Encoding, Upgrade and others.
    """
    for name in signed:
        if name in _CHANGED_ON_THE_WAY:
            problem = "API Gateway changes it on the way"
        elif name != CONTENT_LENGTH and not headers.get(name):
            problem = "it was not sent, or API Gateway dropped it on the way"
        else:
            continue
        raise SignatureFault(
            INVALID,
            f"'{_shown(name)}' cannot be a 'SignedHeader' in the AWS Authorization: {problem}.",
            rule="signed-headers-arrived",
        )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _hashed(authorization: str) -> str:
    digest = b64encode(sha256(authorization.encode()).digest()).decode()
    return f"(hashed with SHA-256 and encoded with Base64): '{digest}'"


def _shown(text: str) -> str:
    """Client text inside a message: short, and nothing but visible ASCII."""
    return ascii(text[:_SHOWN])[1:-1]
