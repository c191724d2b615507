"""Invokes functions in the emulator, at the qualifier their integration names."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.cloud.accounts import Home
from localcloud.cloud.gateway.definitions import FunctionRef
from localcloud.cloud.gateway.permissions import may_invoke

POLICY_AGE_S = 5.0
Connect = Callable[[str, Home], Any]


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """`failed`: the function raised or timed out; `payload` then describes the error."""

    payload: bytes
    failed: bool


class InvocationError(Exception):
    """The function was not run: missing, throttled, or the emulator does not answer."""


class NotPermittedError(InvocationError):
    """No statement of the function's resource policy lets API Gateway invoke it for this source."""


class Functions(Protocol):
    """What the gateway needs of Lambda. Calls block: run them in a thread."""

    def invoke(self, function: FunctionRef, payload: bytes, *, source_arn: str, account: str) -> Invocation:
        """Run the function; raises InvocationError when it may not or cannot be run."""
        ...


def connector(endpoint: str) -> Connect:
    """boto3 clients of the emulator by service and home, made once; safe to share between threads."""
    made: dict[tuple[str, Home], Any] = {}
    session: Any = boto3.Session(aws_access_key_id="unused", aws_secret_access_key="unused")  # noqa: S106
    config = Config(
        max_pool_connections=100,
        connect_timeout=5,
        read_timeout=60,  # the gateway's own time-out is shorter
        retries={"total_max_attempts": 1},  # an invocation is never repeated by the gateway
    )

    def connect(service: str, home: Home) -> Any:
        key = (service, home)
        if key not in made:
            made[key] = session.client(
                service,
                region_name=home.region,
                endpoint_url=endpoint,
                aws_access_key_id=home.account,
                aws_secret_access_key="unchecked",  # noqa: S106 (the emulator checks no secret of an account's root)
                config=config,
            )
        return made[key]

    return connect


class EmulatorFunctions:
    """Functions of the emulator, run with their owner's account; resource policies are asked first."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._policies: dict[str, tuple[float, str | None]] = {}

    def invoke(self, function: FunctionRef, payload: bytes, *, source_arn: str, account: str) -> Invocation:
        client = self._connect("lambda", Home(account=function.account, region=function.region))
        try:
            policy = self._policy(client, function)
            if policy is None or not may_invoke(policy, source_arn, account):
                raise NotPermittedError(
                    f"no permission on {function.arn} lets API Gateway invoke it from {source_arn}"
                )
            answer = client.invoke(FunctionName=function.arn, Payload=payload)
            return Invocation(payload=answer["Payload"].read(), failed="FunctionError" in answer)
        except (ClientError, BotoCoreError) as error:
            self._policies.pop(function.arn, None)
            raise InvocationError(f"{function.arn}: {error}") from error

    def _policy(self, client: Any, function: FunctionRef) -> str | None:
        asked, policy = self._policies.get(function.arn, (0.0, None))
        if policy is None or time.monotonic() - asked > POLICY_AGE_S:
            qualifier = {"Qualifier": function.qualifier} if function.qualifier else {}
            try:
                policy = client.get_policy(FunctionName=function.name, **qualifier)["Policy"]
            except client.exceptions.ResourceNotFoundException:
                policy = None
            self._policies[function.arn] = (time.monotonic(), policy)
        return policy
