"""A real emulator and gateway on free ports, and small functions and APIs to put into them."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud.cloud import services
from localcloud.places import Places
from tests.support.ports import free_port_pair

REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class LocalServices:
    """Emulator and gateway of an instance of their own."""

    places: Places

    def client(self, service: str, account: str, region: str = REGION, **config: Any) -> Any:
        """An ordinary boto3 client of the emulator, as the root of `account`."""
        return boto3.client(
            service,
            endpoint_url=self.places.emulator_url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def api_path(self, api: str, stage: str) -> str:
        return f"/_aws/execute-api/{api}/{stage}"

    def api_url(self, api: str, stage: str) -> str:
        return self.places.gateway_url + self.api_path(api, stage)


@contextmanager
def running_services(folder: Path) -> Iterator[LocalServices]:
    """Emulator and gateway with their state in `folder`, stopped at the end."""
    places = Places(instance=folder, emulator_port=free_port_pair())
    services.start(places)
    try:
        yield LocalServices(places=places)
    finally:
        services.stop(places)


def archive(**modules: str) -> bytes:
    """A function's zip: module name -> source."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name, source in modules.items():
            zipped.writestr(f"{name}.py", source)
    return made.getvalue()


def create_role(iam: Any, name: str) -> str:
    """A role that Lambda may assume; its ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(made["Role"]["Arn"])


def create_function(client: Any, name: str, role: str, code: bytes, **settings: Any) -> str:
    """A function with alias `live`, which API Gateway may invoke; the alias's ARN."""
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler=f"{name}.handler",
        Code={"ZipFile": code},
        Publish=True,
        **{"Timeout": 10, **settings},
    )
    alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    allow_api_gateway(client, name)
    return str(alias["AliasArn"])


def allow_api_gateway(client: Any, name: str, qualifier: str = "live") -> None:
    client.add_permission(
        FunctionName=name,
        Qualifier=qualifier,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )


def invocation_uri(function_arn: str, region: str = REGION) -> str:
    return f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
