"""`registry-credentials`: prints AWS credentials for a credential_process, once a registry knows them.

It derives the signing keys of a profile's AWS credentials for today and tomorrow, proves to the registry that
they are its user's own, registers them, and prints the profile's own credentials: one pair then serves the
registry and AWS. The secret never leaves this machine. Exit codes: 0 done, 1 refused or failed (one sentence
on stderr), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from registry.domain.keys import REGISTRY_KEY, SIGNING_KEYS, KeyKind
from registry.errors import Invalid, RegistryError
from registry_cli.credentials.cache import Cache, Grant, default_folder
from registry_cli.credentials.exchange import Registry, Unreached
from registry_cli.credentials.own import (
    OwnCredentials,
    own_credentials,
    registry_endpoint,
    server_at,
    sts_host,
)
from registry_cli.credentials.proof import Prover

# SDKs ask again 15 minutes before the end; by then there is a new grant.
_RENEW_BEFORE = timedelta(minutes=20)
_TIMEOUT_S: Any = (5.0, 20.0)  # to connect, to read
# Set for all that this process starts: a profile that leads back here is found out.
_RUNNING = "REGISTRY_CREDENTIALS_RUNNING"


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        sys.stdout.write(json.dumps(run(args)) + "\n")
    except (RegistryError, BotoCoreError, ClientError, OSError) as error:
        sys.stderr.write(f"registry-credentials: {error}\n")
        return 1
    return 0


def run(args: argparse.Namespace) -> dict[str, str | int]:
    """The answer of a credential_process. Raises RegistryError or what botocore raises."""
    if _RUNNING in os.environ:
        raise Invalid(
            "the profile whose credentials it asks for leads back to registry-credentials: name with "
            "--profile the profile that holds your AWS credentials."
        )
    os.environ[_RUNNING] = "1"
    session = botocore.session.Session(profile=args.profile)
    args.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = own_credentials(session, args.cache)
    endpoint = registry_endpoint(session, args.endpoint)
    region = args.region or session.get_config_variable("region")
    server = server_at(endpoint, stage=args.stage, region=region)
    prover = Prover(own=own, server=server, sts_host=sts_host(session, server.region))
    registry = Registry(
        http=URLLib3Session(
            verify=session.get_config_variable("ca_bundle") or True,
            proxies=get_environ_proxies(endpoint),
            timeout=_TIMEOUT_S,
        ),
        endpoint=endpoint,
    )
    kind = REGISTRY_KEY if args.registry_key else SIGNING_KEYS
    cache = Cache(folder=args.cache, about=(kind, endpoint, server.stage, server.region, own.access_key_id))
    grant = _granted(cache, registry, prover, kind)
    return _of_registry(grant) if args.registry_key else _of_aws(own, grant)


def _granted(cache: Cache, registry: Registry, prover: Prover, kind: KeyKind) -> Grant:
    """The grant kept from before while it lives long enough, else a new one. Raises as an exchange does."""
    with cache.locked():
        kept = cache.read()
        left = kept.ends_at - datetime.now(UTC) if kept else timedelta(0)
        if kept and left > _RENEW_BEFORE:
            return kept
        try:
            grant = registry.exchange(lambda: prover.request(kind))
        except Unreached:
            if kept and left > timedelta(minutes=1):
                return kept  # the next run tries again
            raise
        cache.write(grant)
        return grant


def _of_registry(grant: Grant) -> dict[str, str | int]:
    return {
        "Version": 1,
        "AccessKeyId": grant.access_key_id,
        "SecretAccessKey": grant.secret_access_key or "",
        "Expiration": grant.expiration,
    }


def _of_aws(own: OwnCredentials, grant: Grant) -> dict[str, str | int]:
    ends_at = min(own.ends_at or grant.ends_at, grant.ends_at)
    token = {"SessionToken": own.session_token} if own.session_token else {}
    return {
        "Version": 1,
        "AccessKeyId": own.access_key_id,
        "SecretAccessKey": own.secret,
        **token,
        "Expiration": ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="registry-credentials",
        description="Makes AWS credentials count at a registry and prints them, as a credential_process.",
        epilog="In ~/.aws/config: credential_process = registry-credentials --profile PROFILE --endpoint URL",
    )
    parser.add_argument("--profile", help="the profile with your AWS credentials; the default chain without")
    parser.add_argument(
        "--endpoint",
        help="the registry's URL; AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY or the profile's own "
        "setting when left out",
    )
    parser.add_argument("--stage", help="the registry's stage; the URL's last part when left out")
    parser.add_argument(
        "--region", help="the registry's region; the URL's, else the profile's, when left out"
    )
    parser.add_argument(
        "--registry-key",
        action="store_true",
        help="print a short-lived key of the registry's own instead: it opens nothing else on AWS",
    )
    parser.add_argument("--cache", type=Path, default=default_folder(), help="folder; %(default)s")
    return parser
