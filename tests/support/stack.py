"""A deployed local stack as a client sees it: only what `.local/env` says."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

CHECKOUT = Path(__file__).resolve().parents[2]
PUBLISHER, CONSUMER, STRANGER = "PUBLISHER", "CONSUMER", "STRANGER"


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """`settings`: the names and values of an env file written by `make up`."""

    settings: dict[str, str]

    def account(self, who: str) -> str:
        return self.settings[f"{who}_ACCOUNT_ID"]

    def client(self, service: str, who: str = PUBLISHER, **config: Any) -> Any:
        """An ordinary boto3 client of one of the three accounts."""
        endpoint = "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY" if service == "serverlessrepo" else ""
        return boto3.client(
            service,
            endpoint_url=self.settings[endpoint or "AWS_ENDPOINT_URL"],
            region_name=self.settings["AWS_REGION"],
            aws_access_key_id=self.settings[f"{who}_ACCESS_KEY_ID"],
            aws_secret_access_key=self.settings[f"{who}_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def owner_client(self, service: str, account: str) -> Any:
        """A client of the emulator as the root of any account."""
        return boto3.client(
            service,
            endpoint_url=self.settings["AWS_ENDPOINT_URL"],
            region_name=self.settings["AWS_REGION"],
            aws_access_key_id=account,
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def shell(self, who: str = PUBLISHER) -> dict[str, str]:
        """The environment in which a person runs the AWS CLI or SAM CLI as that account."""
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE") if name in os.environ
        }
        return kept | {
            "AWS_ENDPOINT_URL": self.settings["AWS_ENDPOINT_URL"],
            "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY": self.settings[
                "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"
            ],
            "AWS_REGION": self.settings["AWS_REGION"],
            "AWS_DEFAULT_REGION": self.settings["AWS_REGION"],
            "AWS_ACCESS_KEY_ID": self.settings[f"{who}_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": self.settings[f"{who}_SECRET_ACCESS_KEY"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
            "AWS_PAGER": "",
        }

    def packaging_bucket(self, name: str, who: str = PUBLISHER) -> str:
        """A bucket of `who` that trusts AWS SAR as its docs say, made if absent: `<name>-<account>`."""
        bucket = f"{name}-{self.account(who)}"
        s3 = self.client("s3", who)
        if bucket not in {b["Name"] for b in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket)
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "serverlessrepo.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
                "Condition": {"StringEquals": {"aws:SourceAccount": self.account(who)}},
            }
            s3.put_bucket_policy(
                Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            )
        return bucket


def read_env(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a dotenv file; comments and blank lines left out."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@contextmanager
def emptied(client: Any, prefix: str) -> Iterator[None]:
    """Deletes the caller's applications whose name starts with `prefix`, before and after."""

    def empty() -> None:
        for page in client.get_paginator("list_applications").paginate():
            for found in page["Applications"]:
                if found["Name"].startswith(prefix):
                    client.delete_application(ApplicationId=found["ApplicationId"])

    empty()
    yield
    empty()
