"""What a deployed registry knows of the ready-made accounts: keys, organisation, who may deploy."""

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from localcloud.cloud.accounts import MEMBERS, ORGANIZATION, READY_MADE, StageFile
from localcloud.cloud.errors import LocalCloudError
from localcloud.commands.exclusive import exclusive
from localcloud.commands.keys import load_secrets, write_private, write_profiles
from localcloud.commands.operator import run_registry
from localcloud.commands.stages import choose_regions, find_stage
from localcloud.places import Places

ROLE = STACK = "serverless-registry-deployment"


def seed_accounts(places: Places, file: StageFile, region: str) -> None:
    """Write each account's key and the organisation into the registry's tables, and let CONSUMER deploy.

    Can be repeated. Raises LocalCloudError.
    """
    write_profiles(places)
    known = load_secrets(places)
    jobs: list[partial[Any]] = [
        partial(_create_key, places, file, region, name, known[name]) for name in READY_MADE
    ]
    jobs += [
        partial(_sync_organization, places, file, region),
        partial(_onboard, places, file, region, READY_MADE["CONSUMER"]),
    ]
    with ThreadPoolExecutor(len(jobs)) as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()


def onboard(places: Places, stage: str, region: str | None, account: str) -> None:
    """Install the role with which the registry creates change sets in an account. Raises LocalCloudError."""
    if len(account) != 12 or not account.isdigit():
        raise LocalCloudError(f"{account!r} is no account: make onboard ACCOUNT=222222222222 (12 digits).")
    file = find_stage(places, stage)
    chosen = choose_regions(file, region)[0]
    with exclusive(places):
        print(_onboard(places, file, chosen, account).strip())


def _create_key(places: Places, file: StageFile, region: str, name: str, secret: str) -> None:
    account = READY_MADE[name]
    words = (
        "keys", "create", "--account", account, "--access-key-id", account, "--secret-from-stdin",
        "--replace", "--description", f"ready-made account {name} of the local cloud",
    )  # fmt: skip
    trouble = f"The key of account {name} could not be written"
    run_registry(places, file, region, words, trouble=trouble, standard_input=secret)


def _sync_organization(places: Places, file: StageFile, region: str) -> None:
    told = {"organizationId": ORGANIZATION, "managementAccount": MEMBERS[0], "accounts": MEMBERS}
    words = ("organizations", "sync", "--file", "-")
    trouble = f"Organisation {ORGANIZATION} could not be written"
    run_registry(places, file, region, words, trouble=trouble, standard_input=json.dumps(told))


def _onboard(places: Places, file: StageFile, region: str, account: str) -> str:
    """One role serves all regions, so a second region only learns the external id that the role names."""
    external_id = _external_id(places, region, account)
    words = ["onboard", "--account", account]
    words += ["--external-id", external_id] if external_id else []
    trouble = f"Account {account} could not be onboarded"
    if external_id and not _has_stack(places, region, account):
        run_registry(places, file, region, [*words, "--json"], trouble=trouble)
        return f"Account {account} has the role of another region; {region} knows its external id now."
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder, "credentials")
        write_private(profile, f"[consumer]\naws_access_key_id={account}\naws_secret_access_key=unchecked\n")
        variables = {"AWS_SHARED_CREDENTIALS_FILE": str(profile)}
        words += ["--apply", "--profile", "consumer"]
        return run_registry(places, file, region, words, trouble=trouble, variables=variables)


def _external_id(places: Places, region: str, account: str) -> str | None:
    """What the account's deployment role asks for; None while it has no such role."""
    client = _client(places, region, account, "iam")
    try:
        trust = client.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    except client.exceptions.NoSuchEntityException:
        return None
    for statement in trust["Statement"]:
        for name, value in statement.get("Condition", {}).get("StringEquals", {}).items():
            if name == "sts:ExternalId":
                return str(value)
    return None


def _has_stack(places: Places, region: str, account: str) -> bool:
    stacks = _client(places, region, account, "cloudformation").get_paginator("list_stacks").paginate()
    return any(
        stack["StackName"] == STACK and stack["StackStatus"] != "DELETE_COMPLETE"
        for page in stacks
        for stack in page["StackSummaries"]
    )


def _client(places: Places, region: str, account: str, service: str) -> Any:
    """Of the emulator, as the account's root."""
    import boto3  # noqa: PLC0415 - half a second that only `up` and `onboard` should pay

    session: Any = boto3.Session(
        aws_access_key_id=account,
        aws_secret_access_key="unchecked",  # noqa: S106 - no secret
        region_name=region,
    )
    return session.client(service, endpoint_url=places.emulator_url)
