"""Verifying a signature against botocore's own making of it, side by side in one process.

Both do the whole work anew each time: current date, key derivation, canonical request, digest of the body.
Verifying is what the two functions do for one request together, the context between them and its JSON
included; only the lookup of the key is left out. Exit code 1 when a ratio is over the target.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from registry.domain.canonical import Payload, Request
from registry.domain.keys import KeyRecord, RegistryKey
from registry.domain.verdicts import Pending, Verified, read_verdict
from registry.services.identity import Identity

TARGET = 1.5
REGION = "us-east-1"
KEY = RegistryKey(
    record=KeyRecord(
        access_key_id="SARK234567ABCDEFGHIJ",
        account="111111111111",
        principal="arn:aws:serverlessrepo:us-east-1:111111111111:key/SARK234567ABCDEFGHIJ",
        actions=("*",),
        description="",
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
    ),
    secret="s" * 40,
)
IDENTITY = Identity(find_key=lambda _: KEY, region=REGION, now=lambda: datetime.now(UTC))
HOST = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"
ARN = "arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A111111111111%3Aapplications%2Fhello-world"
CASES = {"GET, no body": ("GET", 0), "PUT, 1 KB": ("PUT", 1024), "PUT, 1 MB": ("PUT", 1024 * 1024)}


def unsigned(method: str, size_bytes: int) -> AWSRequest:
    """What boto3 sends for GetApplication or CreateApplicationVersion."""
    headers = {
        "User-Agent": "Boto3/1.44 md/Botocore#1.44 ua/2.1 os/linux lang/python#3.11",
        "amz-sdk-invocation-id": "0e4d2f0c-51c6-4fd1-8d6b-3c0b7c1d5a11",
        "amz-sdk-request": "attempt=1",
    }
    if size_bytes:
        headers["Content-Type"] = "application/json"
    tail = "/versions/1.0.0%2Bb" if size_bytes else "?semanticVersion=1.0.0%2Bb"
    url = f"https://{HOST}/alpha/applications/{ARN}{tail}"
    return AWSRequest(method=method, url=url, data=b"x" * size_bytes, headers=headers)


def received(request: AWSRequest, size_bytes: int) -> Request:
    headers = {name: [value] for name, value in request.headers.items()} | {"Host": [HOST]}
    if size_bytes:
        headers["Content-Length"] = [str(size_bytes)]
    query = {} if size_bytes else {"semanticVersion": ["1.0.0+b"]}
    path = request.url.removeprefix(f"https://{HOST}").partition("?")[0]
    return Request(method=request.method, path=path, query=query, headers=headers)


def verify(request: Request, body: bytes) -> None:
    verdict: object = IDENTITY.of_request(request)
    if isinstance(verdict, Pending):
        payload = Payload.of(body)
        about = {"payloadSha256": payload.sha256, "payloadBytes": payload.size_bytes}
        question = json.loads(json.dumps({**verdict.as_context(), **about}))
        asked = read_verdict(question)
        assert isinstance(asked, Pending)
        verdict = IDENTITY.of_body(
            asked, Payload(sha256=question["payloadSha256"], size_bytes=question["payloadBytes"])
        )
    assert isinstance(verdict, Verified)


def micros(work: Callable[[], None], times: int) -> float:
    began = time.perf_counter_ns()
    for _ in range(times):
        work()
    return (time.perf_counter_ns() - began) / times / 1000


def measure(method: str, size_bytes: int, rounds: int) -> dict[str, float]:
    """Medians over rounds in which both take turns, so that a busy machine disturbs both alike."""
    request = unsigned(method, size_bytes)
    signer = SigV4Auth(Credentials(KEY.record.access_key_id, KEY.secret), "serverlessrepo", REGION)
    signer.add_auth(request)
    arrived, body = received(request, size_bytes), b"x" * size_bytes
    times = 20 if size_bytes > 100_000 else 200
    signing, verifying = [], []
    for _ in range(rounds):
        signing.append(micros(lambda: signer.add_auth(request), times))
        verifying.append(micros(lambda: verify(arrived, body), times))
    one, other = statistics.median(signing), statistics.median(verifying)
    return {"signing_us": round(one, 1), "verifying_us": round(other, 1), "ratio": round(other / one, 2)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=25)
    args = parser.parse_args()
    results = {name: measure(method, size, args.rounds) for name, (method, size) in CASES.items()}
    if args.json:
        print(json.dumps({"target": TARGET, "results": results}, indent=2))
    else:
        print(f"{'request':<14}{'botocore signs':>16}{'we verify':>14}{'ratio':>8}   (target {TARGET})")
        for name, got in results.items():
            print(f"{name:<14}{got['signing_us']:>13} µs{got['verifying_us']:>11} µs{got['ratio']:>8}")
    return 0 if all(got["ratio"] <= TARGET for got in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
