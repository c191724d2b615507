"""`registry publisher-bucket-policy`: what a publisher's bucket must say so that the registry can read it."""

from __future__ import annotations

import argparse
import json
import re

from registry_cli.stage import Stage, add_stage_arguments

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "publisher-bucket-policy",
        help="print the statement that a publisher's bucket needs",
        description="The registry reads code and documents in publishers' buckets with its own role. Buckets "
        "that `sam package --resolve-s3` makes trust AWS's own repository alone.",
    )
    parser.add_argument("bucket", type=_bucket)
    add_stage_arguments(parser)


def run(args: argparse.Namespace) -> int:
    stage = Stage.of(args)
    owner = stage.session.client("sts").get_caller_identity()["Account"]
    print(json.dumps(statement(args.bucket, stage=stage, owner=owner), indent=2))
    return 0


def statement(bucket: str, *, stage: Stage, owner: str) -> dict[str, object]:
    """To be put among the `Statement`s of the bucket's policy; `owner` is the registry's account."""
    registry = f"arn:{stage.partition}:iam::{owner}"
    return {
        "Sid": f"ServerlessRegistry{stage.name.title().replace('-', '')}",
        "Effect": "Allow",
        "Principal": {"AWS": f"{registry}:root"},
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"arn:{stage.partition}:s3:::{bucket}/*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"{registry}:role/{stage.named('sdk-api')}-*"}},
    }


def _bucket(text: str) -> str:
    if _BUCKET.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a bucket's name; leave s3:// and the key out")
    return text
