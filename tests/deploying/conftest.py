from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from registry.handlers import sdk_api
from registry.stores.deployments import DeploymentStore
from tests.support.entities import PUBLISHER, REGION, TABLE
from tests.wire.service import Service, deployed

EXTERNAL_ID = "an-external-id"


@dataclass
class AwsCalls:
    """What the function asks of STS and CloudFormation; each may be made to fail."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __call__(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.asked.append((model.name, dict(params)))
        if model.name in self.faults:
            code, message = self.faults[model.name]
            answer: Any = {
                "Error": {"Code": code, "Message": message},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
            raise ClientError(answer, model.name)

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.asked if name == operation]


@pytest.fixture(scope="module")
def one_deployment() -> Iterator[Service]:
    with deployed() as service:
        yield service


@pytest.fixture
def service(one_deployment: Service) -> Service:
    """Deployed and empty."""
    one_deployment.empty()
    one_deployment.restart()
    return one_deployment


@pytest.fixture
def aws_calls(service: Service) -> AwsCalls:
    calls = AwsCalls()
    for name in ("sts", "cloudformation"):
        sdk_api._session().register(f"provide-client-params.{name}", calls)
    return calls


@pytest.fixture
def repo(service: Service) -> Any:
    """A client of the account that publishes."""
    return service.client()


@pytest.fixture
def onboarded(service: Service) -> str:
    """The publisher's account, which deploys what it publishes; without stacks."""
    store = DeploymentStore(service.aws["dynamodb"], table=TABLE)
    store.keep(PUBLISHER, EXTERNAL_ID, at="2026-11-24T06:16:00.000Z")
    stacks = client_of(PUBLISHER, "cloudformation")
    for found in stacks.describe_stacks()["Stacks"]:
        stacks.delete_stack(StackName=found["StackName"])
    return PUBLISHER


@pytest.fixture
def cloudformation(onboarded: str) -> Any:
    """The consumer's own client."""
    return client_of(onboarded, "cloudformation")


def client_of(account: str, service: str) -> Any:
    """As an administrator of that account."""
    role = f"arn:aws:iam::{account}:role/administrator"
    keys = boto3.client("sts", REGION).assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    return boto3.client(
        service,
        REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
