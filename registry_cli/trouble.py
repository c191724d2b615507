"""What went wrong, in one sentence, and what to do about it."""

from __future__ import annotations

import argparse

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
)

from registry.errors import RegistryError, Unavailable

_NOT_THERE = {"ResourceNotFoundException", "NotFoundException", "NoSuchBucket"}
_NOT_ALLOWED = {
    "AccessDeniedException",
    "AccessDenied",
    "UnrecognizedClientException",
    "ExpiredTokenException",
}


def explain(error: Exception, args: argparse.Namespace) -> str:
    """`args` must hold `stage` and `region`, as `add_stage_arguments` gives them."""
    if isinstance(error, Unavailable) and isinstance(error.__cause__, ClientError | BotoCoreError):
        return explain(error.__cause__, args)  # an operator may see what strangers may not
    if isinstance(error, RegistryError):
        return error.message
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    if isinstance(error, EndpointConnectionError):
        return f"{error} Check the network, --region and AWS_ENDPOINT_URL."
    return _refused(error, args) if isinstance(error, ClientError) else str(error)


def _refused(error: ClientError, args: argparse.Namespace) -> str:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _NOT_THERE:
        return (
            f"stage {args.stage} is not deployed in {args.region} of the account these credentials are for "
            f"({error.operation_name}: {message or code}). Check --stage and --region, or deploy stack "
            f"{args.stage}-{args.region} first."
        )
    if code in _NOT_ALLOWED:
        return (
            f"these credentials may not do {error.operation_name} ({message or code}). "
            "Use an operator's role of the stage's owner account."
        )
    return f"{error.operation_name} failed: {message or code}."
