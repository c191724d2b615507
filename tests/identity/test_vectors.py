"""The verifier against AWS's own test suite of Signature Version 4 (tests/identity/vectors)."""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from registry.domain import signatures
from registry.domain.canonical import Payload, Request
from registry.domain.signatures import check_signature, read_claim, signing_key
from registry.errors import SignatureFault

pytestmark = pytest.mark.unit

VECTORS: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "vectors" / "aws4_testsuite.json").read_text()
)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
# The token is added after signing: good for the suite, refused here, where every X-Amz header must be signed.
TOKEN_NOT_SIGNED = "post-sts-header-after"


@pytest.fixture(autouse=True)
def the_suites_own_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "SERVICE", "service")


def parse(text: str, authorization: str) -> tuple[Request, bytes]:
    """As a web server reads it: lines that go on are joined, query values decoded, the path left as sent."""
    head, _, body = text.partition("\n\n")
    first, *lines = head.replace("\n ", " ").split("\n")
    method, _, rest = first.partition(" ")
    target = rest.rpartition(" ")[0]
    path, _, query = target.partition("?")
    headers: dict[str, list[str]] = {"Authorization": [authorization]}
    for name, _, value in (line.partition(":") for line in lines):
        headers.setdefault(name, []).append(value)
    request = Request(
        method=method, path=path, query=parse_qs(query, keep_blank_values=True), headers=headers
    )
    return request, body.encode()


def test_the_suite_is_whole() -> None:
    assert len(VECTORS) == 34


@pytest.mark.parametrize("name", sorted(VECTORS.keys() - {TOKEN_NOT_SIGNED}))
def test_aws_own_vector_is_accepted_and_canonical_as_aws_says(name: str) -> None:
    vector = VECTORS[name]
    request, body = parse(vector["req"], vector["authz"])
    if token := re.search("^x-amz-security-token:(.*)$", vector["creq"], re.MULTILINE):
        # Where the suite leaves it to the signer to add.
        request.headers.setdefault("X-Amz-Security-Token", [token[1]])  # type: ignore[attr-defined]
    claim = read_claim(request, region="us-east-1", now=NOW)
    canonical = f"{len(body)}".join(claim.prefix) + sha256(body).hexdigest()
    assert canonical == vector["creq"]
    assert claim.scope == vector["sts"].split("\n")[2]
    check_signature(claim, Payload.of(body), signing_key(SECRET, claim.scope))
    with pytest.raises(SignatureFault):
        check_signature(claim, Payload.of(body + b"x"), signing_key(SECRET, claim.scope))


def test_a_token_that_was_added_after_signing_is_refused() -> None:
    vector = VECTORS[TOKEN_NOT_SIGNED]
    request, body = parse(vector["req"], vector["authz"])
    claim = read_claim(request, region="us-east-1", now=NOW)
    check_signature(claim, Payload.of(body), signing_key(SECRET, claim.scope))
    request.headers["X-Amz-Security-Token"] = ["AQoDYXdzEPT"]  # type: ignore[index]
    with pytest.raises(SignatureFault) as refused:
        read_claim(request, region="us-east-1", now=NOW)
    assert refused.value.rule == "signed-amz-headers"
