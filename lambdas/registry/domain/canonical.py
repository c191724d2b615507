"""The canonical request of AWS Signature Version 4, from a request as API Gateway hands it to an authoriser.

Rules: AWS's "Create a signed AWS API request"; where that is silent, what botocore's signer does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

# API Gateway drops it; AWS's SDKs for Go and JavaScript sign it.
CONTENT_LENGTH = "content-length"


@dataclass(frozen=True, kw_only=True)
class Request:
    """`path` exactly as sent, still percent-encoded, API stage or base path included; `query` decoded."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What a signature covers of a body: `sha256` in lower-case hex, and its length."""

    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, body: bytes) -> Payload:
        return cls(sha256=sha256(body).hexdigest(), size_bytes=len(body))


NO_PAYLOAD = Payload.of(b"")


def may_have_body(request: Request) -> bool:
    """False only when it is certain that nothing follows the headers.

    API Gateway does not promise an authoriser the client's Content-Length, so POST, PUT and PATCH count as
    having a body unless the length is given as 0.
    """
    headers = by_lower_name(request.headers)
    if "transfer-encoding" in headers:
        return True
    lengths = headers.get(CONTENT_LENGTH)
    if lengths:
        return any(length.strip() != "0" for length in lengths)
    return request.method.upper() not in {"GET", "HEAD", "DELETE", "OPTIONS"}


def by_lower_name(headers: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for name, values in headers.items():
        merged.setdefault(name.lower(), []).extend(values)
    return merged


def canonical_prefix(
    request: Request, headers: Mapping[str, Sequence[str]], signed: Sequence[str]
) -> tuple[str, ...]:
    """The canonical request without its last line; `headers` by lower-case name, `signed` in order.

    One part; or two, between which the value of a Content-Length belongs that was signed but did not arrive.
    """
    parts = [[request.method.upper(), _canonical_path(request.path), _canonical_query(request.query)]]
    for name in signed:
        if name == CONTENT_LENGTH and not headers.get(name):
            parts[-1].append(f"{name}:")
            parts.append([""])
        else:
            # Runs of white space count as one blank, and repeated headers as one with commas.
            values = ",".join(" ".join(value.split()) for value in headers.get(name, ()))
            parts[-1].append(f"{name}:{values}")
    parts[-1] += ["", ";".join(signed), ""]
    return tuple("\n".join(lines) for lines in parts)


def _canonical_path(path: str) -> str:
    """Dot segments and empty segments removed (RFC 3986 §5.2.4, as botocore does), then encoded once more.

    So `/a/./b` and `/a/b` share a signature, as everywhere on AWS but S3; no route has a dot segment.
    """
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if segments:
                segments.pop()
        elif segment not in {"", "."}:
            segments.append(segment)
    slash = "/" if path.endswith("/") and segments else ""
    return quote("/" + "/".join(segments) + slash, safe="/~")


def _canonical_query(query: Mapping[str, Sequence[str]]) -> str:
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, values in query.items()
        for value in values
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
