"""The secrets of the ready-made accounts, and the files that hand them to clients.

A key's access key id is the account id: the emulator takes that as the account's root whatever the secret,
and the registry verifies the secret for real. So one pair of credentials serves S3 and the registry alike.
"""

import json
import os
import secrets
from pathlib import Path

from localcloud.cloud.accounts import ORGANIZATION, READY_MADE
from localcloud.cloud.errors import LocalCloudError
from localcloud.places import Places

SECRETS_FILE = "secrets.json"
SDK_ENDPOINT = "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"


def load_secrets(places: Places) -> dict[str, str]:
    """The secret of each ready-made account, by its name; made at random once and kept (mode 0600)."""
    path = places.instance / SECRETS_FILE
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = READY_MADE.keys() - known.keys()
    if missing:
        known |= {name: secrets.token_urlsafe(30) for name in sorted(missing)}
        write_private(path, json.dumps(known, indent=2) + "\n")
    return known


def write_profiles(places: Places) -> Path:
    """A credentials file (mode 0600) as AWS clients read it, with a profile for each ready-made account."""
    lines = [
        f"[{name.lower()}]\naws_access_key_id={READY_MADE[name]}\naws_secret_access_key={secret}\n"
        for name, secret in load_secrets(places).items()
    ]
    write_private(places.credentials_file, "".join(lines))
    return places.credentials_file


def ask_once(places: Places, region: str, sdk_api_url: str) -> None:
    """List the publisher's applications: the registry answers, and its functions have started once.

    Raises LocalCloudError.
    """
    import boto3  # noqa: PLC0415 - half a second that only `up` should pay
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    client = boto3.client(
        "serverlessrepo",
        endpoint_url=sdk_api_url,
        region_name=region,
        aws_access_key_id=READY_MADE["PUBLISHER"],
        aws_secret_access_key=load_secrets(places)["PUBLISHER"],
    )
    try:
        client.list_applications(MaxItems=1)
    except (BotoCoreError, ClientError) as trouble:
        raise LocalCloudError(
            f"The registry is deployed but did not answer ({trouble}): see `make logs`, then run it again"
        ) from trouble


def write_env(places: Places, stage: str, region: str, sdk_api_url: str) -> None:
    """Write the stack's env file (dotenv, mode 0600) and the general one, which leads to the last stack."""
    known = load_secrets(places)
    lines = {
        "AWS_ENDPOINT_URL": places.emulator_url,
        SDK_ENDPOINT: sdk_api_url,
        "REGISTRY_SEARCH_URL": "",
        "REGISTRY_WEBSITE_URL": "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,  # the name that boto3 and AWS CLI 1 read
    }
    for name, account in READY_MADE.items():
        lines |= {
            f"{name}_ACCESS_KEY_ID": account,
            f"{name}_SECRET_ACCESS_KEY": known[name],
            f"{name}_ACCOUNT_ID": account,
        }
    lines["PUBLISHER_ORGANIZATION_ID"] = ORGANIZATION
    text = "# Written by `make up`; see docs/local-cloud.md.\n"
    text += "".join(f"{name}={value}\n" for name, value in lines.items())
    for path in (places.env_file_of(f"{stage}-{region}"), places.env_file):
        write_private(path, text)


def forget_stack(places: Places, stage: str, region: str) -> None:
    """Remove the stack's env file, and the general one when it leads to this stack."""
    places.env_file_of(f"{stage}-{region}").unlink(missing_ok=True)
    env = read_env(places.env_file)
    if env.get("AWS_REGION") == region and env.get(SDK_ENDPOINT, "").endswith(f"/{stage}"):
        places.env_file.unlink()


def read_env(path: Path) -> dict[str, str]:
    """The names and values of an env file; empty when there is none."""
    if not path.exists():
        return {}
    lines = (line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner alone at every moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
        written.write(text)
    scratch.replace(path)
