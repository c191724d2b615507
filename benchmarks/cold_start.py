"""Import and first request of the API handler against those of a bare boto3 DynamoDB client.

    python benchmarks/cold_start.py [--rounds 15] [--json]

Each measurement is a fresh Python process, the kinds taken in turn in the same run; DynamoDB is one local
HTTP server that answers at once with the same item, so what is compared is the client's side alone. Prints
the fastest of each kind, for whatever else the machine does only adds, and their ratio (aim: at most 1.5).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OWNER, ACCOUNT = "999999999999", "111111111111"
APPLICATION = {
    "PK": {"S": f"ACCOUNT#{ACCOUNT}"}, "SK": {"S": "APP#hello"}, "kind": {"S": "application"},
    "id": {"S": "01JDE"}, "rev": {"N": "1"}, "author": {"S": "Ada"}, "description": {"S": "first"},
    "labels": {"L": []}, "createdAt": {"S": "2026-11-24T06:16:00.000Z"}, "readmeDigest": {"S": "a" * 64},
}  # fmt: skip
VERSION = {
    "PK": {"S": "APP#01JDE"}, "SK": {"S": "VERSION#001"}, "kind": {"S": "version"},
    "semanticVersion": {"S": "1.0.0"}, "templateDigest": {"S": "b" * 64}, "contentDigest": {"S": "c" * 64},
    "createdAt": {"S": "2026-11-24T06:16:00.000Z"}, "parameters": {"S": "[]"}, "dependencies": {"L": []},
    "requiredCapabilities": {"L": []}, "assets": {"L": []}, "warnings": {"L": []},
}  # fmt: skip

BARE = """
import boto3
client = boto3.client("dynamodb")
client.get_item(TableName="t", Key={"PK": {"S": "a"}, "SK": {"S": "b"}}, ConsistentRead=True)
"""
HANDLER = """
import json, os
from registry.handlers import sdk_api
answer = sdk_api.handler(json.loads(os.environ["EVENT"]), None)
assert answer["statusCode"] == 200, answer
"""


class _DynamoDB(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait for an ACK

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_query = self.headers["X-Amz-Target"].endswith("Query")
        content = json.dumps({"Items": [VERSION]} if is_query else {"Item": APPLICATION}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def dynamodb() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _DynamoDB)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def event() -> dict[str, Any]:
    """GetApplication of the newest version, already verified."""
    proxy = f"applications/arn%3Aaws%3Aserverlessrepo%3Aus-east-1%3A{ACCOUNT}%3Aapplications%2Fhello"
    verdict = {"v": "1", "account": ACCOUNT, "principal": "p", "accessKeyId": "k" * 12, "actions": "*"}
    return {
        "httpMethod": "GET",
        "pathParameters": {"proxy": proxy},
        "queryStringParameters": None,
        "requestContext": {"path": f"/alpha/{proxy}", "requestId": "r", "authorizer": verdict},
        "body": None,
        "isBase64Encoded": False,
    }


def milliseconds(program: str, environment: dict[str, str]) -> float:
    """Of a fresh process from before its first import to after its first answer; the interpreter's own start
    is left out.
    """
    timed = (
        f"import time\nbegan = time.perf_counter()\n{program}\nprint((time.perf_counter() - began) * 1000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", timed], env=environment, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return float(done.stdout.splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with dynamodb() as endpoint:
        environment = {
            "PATH": os.environ.get("PATH", ""), "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": OWNER,
            "AWS_SECRET_ACCESS_KEY": "s",
            "ENTITY_TABLE": "t", "ASSETS_BUCKET": "sar-alpha-assets", "TOKENS_KMS_KEY": "k",
            "AUTHORIZE_FUNCTION": "f", "LINKS_ROLE": "r", "DEPLOYMENT_ROLE": "r",
            "PARTITION": "aws", "ACCOUNT_ID": OWNER, "EVENT": json.dumps(event()),
        }  # fmt: skip
        taken: dict[str, list[float]] = {"bare": [], "handler": []}
        for _ in range(asked.rounds):
            for name, program in (("bare", BARE), ("handler", HANDLER)):
                taken[name].append(milliseconds(program, environment))
                time.sleep(0.05)
    fastest = {name: min(times) for name, times in taken.items()}
    result = {
        "bare_client_ms": round(fastest["bare"]),
        "handler_ms": round(fastest["handler"]),
        "ratio": round(fastest["handler"] / fastest["bare"], 2),
        "rounds": asked.rounds,
    }
    if asked.json:
        print(json.dumps(result))
    else:
        print(f"bare boto3 DynamoDB client, first GetItem   {result['bare_client_ms']:>6} ms")
        print(f"API handler, first GetApplication (2 reads) {result['handler_ms']:>6} ms")
        print(f"ratio {result['ratio']} (aim: at most 1.5), fastest of {asked.rounds} fresh processes each")
    return 0 if result["ratio"] <= 1.5 else 1


if __name__ == "__main__":
    sys.exit(main())
