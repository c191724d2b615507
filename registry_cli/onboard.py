"""`registry onboard`: lets the registry create change sets in a consumer's account."""

from __future__ import annotations

import argparse
import json
import re
import secrets
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError, ProfileNotFound

from registry.domain.applications import timestamp
from registry.errors import Conflict, Invalid
from registry.stores.deployments import DeploymentStore
from registry_cli.onboard_template import STACK, Consumer, role_template
from registry_cli.stage import Stage, add_stage_arguments

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_ACCOUNT = re.compile(r"[0-9]{12}")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "onboard",
        help="let the registry create change sets in a consumer's account",
        description="Prints the CloudFormation template of the role that the consumer's account must have, "
        "and how to launch it. Run again it prints the same: an account's external id never changes.",
    )
    parser.add_argument("--account", type=account_id, required=True, help="the consumer's 12-digit account")
    parser.add_argument(
        "--external-id",
        type=_external_id,
        help="that of another region of this stage, which the account's one role must name as well; made up "
        "when left out",
    )
    parser.add_argument(
        "--apply",
        action="store_true",
        help="launch or update the stack there, with the credentials of --profile",
    )
    parser.add_argument("--profile", help="AWS profile of the consumer's account, for --apply")
    add_stage_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.apply != (args.profile is not None):
        raise Invalid("--apply and --profile go together: the profile is that of the consumer's account.")
    stage = Stage.of(args)
    client = _consumers_client(args) if args.apply else None  # before anything is written
    consumer = Consumer(
        partition=stage.partition,
        stage=stage.name,
        owner=stage.session.client("sts").get_caller_identity()["Account"],
        account=args.account,
        external_id=_kept_external_id(args, stage),
    )
    template = json.dumps(role_template(consumer), indent=2)
    if client is None:
        _show(args, consumer, template)
    else:
        result = _apply(client, template)
        row = {"account": args.account, "stack": STACK, "result": result}
        said = f"Stack {STACK} in account {args.account}: {result}. It may now deploy from the registry."
        print(json.dumps(row) if args.json else said)
    return 0


def _kept_external_id(args: argparse.Namespace, stage: Stage) -> str:
    store = DeploymentStore(stage.session.client("dynamodb"), table=stage.named("entities"))
    wanted = args.external_id or secrets.token_hex(16)
    kept = store.keep(args.account, wanted, at=timestamp(datetime.now(UTC)))
    if args.external_id not in (None, kept):
        raise Conflict(
            f"account {args.account} has another external id in this region already: {kept}. It never "
            "changes; give that one to the other regions."
        )
    return kept


def _consumers_client(args: argparse.Namespace) -> CloudFormationClient:
    """Raises Invalid when the profile is missing or is another account's."""
    try:
        session = boto3.Session(profile_name=args.profile, region_name=args.region)
    except ProfileNotFound as error:
        raise Invalid(f"{error}: name the consumer's profile with --profile.") from None
    account = session.client("sts").get_caller_identity()["Account"]
    if account != args.account:
        raise Invalid(
            f"profile {args.profile} is of account {account}, not {args.account}: name one of the consumer's."
        )
    return session.client("cloudformation")


def _apply(client: CloudFormationClient, template: str) -> str:
    """`created`, `updated` or `unchanged`, once CloudFormation is done."""
    try:
        client.describe_stacks(StackName=STACK)
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise
        client.create_stack(
            StackName=STACK, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"], OnFailure="DELETE"
        )
        client.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 3})
        return "created"
    try:
        client.update_stack(StackName=STACK, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    except ClientError as error:
        if "No updates are to be performed" not in error.response["Error"]["Message"]:
            raise
        return "unchanged"
    client.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 3})
    return "updated"


def _show(args: argparse.Namespace, consumer: Consumer, template: str) -> None:
    words = ("aws", "cloudformation", "deploy", "--stack-name", STACK, "--template-file", f"{STACK}.json",
             "--capabilities", "CAPABILITY_NAMED_IAM", "--region", args.region)  # fmt: skip
    command = shlex.join(words)
    if args.json:
        row = {
            "account": consumer.account,
            "externalId": consumer.external_id,
            "command": command,
            "template": json.loads(template),
        }
        print(json.dumps(row, indent=2))
        return
    print(template)
    print(
        f"\nSave this as {STACK}.json. An administrator of account {consumer.account} launches it there, "
        f"once for all regions:\n{command}"
    )


def account_id(text: str) -> str:
    if _ACCOUNT.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not an account of 12 digits")
    return text


def _external_id(text: str) -> str:
    if _EXTERNAL_ID.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(
            f"{text[:80]!r} is not an external id: 2 to 1224 letters, digits and _ + = , . @ : / -"
        )
    return text
