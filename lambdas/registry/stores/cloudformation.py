"""CloudFormation in a consumer's account: change sets alone, never their execution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from registry.errors import Forbidden, Invalid, TooManyRequests

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_NO_PERMISSION = {"AccessDenied", "AccessDeniedException"}
_BUSY = {"Throttling", "ThrottlingException"}
_REFUSED = {
    "AlreadyExistsException",
    "InsufficientCapabilitiesException",
    "LimitExceededException",
    "TokenAlreadyExistsException",
    "ValidationError",
}


def create_change_set(client: CloudFormationClient, asked: Mapping[str, Any]) -> tuple[str, str]:
    """ARNs of change set and stack. `asked`: CreateChangeSet's members but ChangeSetType, which is CREATE for
    a stack that does not exist, or not yet in truth.

    Raises Invalid with CloudFormation's own words, and Forbidden when the role's policy is not what
    onboarding makes.
    """
    with _refusals():
        made = client.create_change_set(
            **asked, ChangeSetType="UPDATE" if _exists(client, asked["StackName"]) else "CREATE"
        )
    return made["Id"], made["StackId"]


def _exists(client: CloudFormationClient, name: str) -> bool:
    try:
        found = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return False
        raise
    return any(stack["StackStatus"] != "REVIEW_IN_PROGRESS" for stack in found)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code in _BUSY:
            raise TooManyRequests("CloudFormation of the consumer's account says: Rate exceeded") from error
        if code in _NO_PERMISSION:
            raise Forbidden(
                f"The role of the registry in the consumer's account lacks a right: {message}. Bring its "
                "CloudFormation stack up to date with what `registry onboard` prints"
            ) from error
        if code in _REFUSED:
            raise Invalid(f"CloudFormation refused the change set: {message}") from error
        raise
