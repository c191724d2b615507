"""`registry keys`: the registry's own keys, for automation and local clouds, and registered signing keys."""

from __future__ import annotations

import argparse
import hmac
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from registry.domain.keys import (
    ALL_ACTIONS,
    KeyRecord,
    RegistryKey,
    StoredKey,
    check_key,
    new_access_key_id,
    new_secret,
)
from registry.errors import AlreadyExists, Invalid, NotFound
from registry.stores.keys import KeyStore
from registry_cli.stage import Stage, add_stage_arguments
from registry_cli.tables import as_table

_DURATION = re.compile(r"([1-9][0-9]{0,4})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_COLUMNS = (
    "accessKeyId",
    "kind",
    "account",
    "state",
    "actions",
    "created",
    "expires",
    "principal",
    "description",
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    keys = subparsers.add_parser("keys", help="create, list, rotate and revoke registry keys")
    actions = keys.add_subparsers(dest="action", required=True, metavar="ACTION")

    create = actions.add_parser("create", help="make a key; its secret is shown once")
    create.add_argument("--account", required=True, help="the 12-digit account the key acts for")
    create.add_argument("--access-key-id", help="made up when left out")
    create.add_argument("--secret-from-stdin", action="store_true", help="else made up and shown once")
    create.add_argument("--principal", help="who the key stands for, in refusals and logs")
    create.add_argument(
        "--actions", default="*", help="comma list such as GetApplication; * (default) is all"
    )
    create.add_argument("--description", default="", help="what the key is for")
    create.add_argument("--expires-in", type=_duration, help="90d, 12h, …; never when left out")
    create.add_argument("--replace", action="store_true", help="overwrite a key that has the same id")

    listing = actions.add_parser("list", help="every key, registered signing keys too, without what signs")

    rotate = actions.add_parser("rotate", help="make a successor; the old key ends after a grace period")
    rotate.add_argument("access_key_id")
    rotate.add_argument("--grace", type=_duration, default=timedelta(days=1), help="1d when left out")
    rotate.add_argument("--expires-in", type=_duration, help="as long as its predecessor when left out")

    revoke = actions.add_parser(
        "revoke", help="stop a key of either kind for good; it takes a minute at most"
    )
    revoke.add_argument("access_key_id")
    for parser in (create, listing, rotate, revoke):
        add_stage_arguments(parser)


def run(args: argparse.Namespace) -> int:
    stage = Stage.of(args)
    store = KeyStore(
        stage.session.client("dynamodb"),
        stage.session.client("kms"),
        table=stage.named("keys"),
        kms_key=f"alias/{stage.named('keys')}",
    )
    {"create": _create, "list": _list, "rotate": _rotate, "revoke": _revoke}[args.action](args, stage, store)
    return 0


def _create(args: argparse.Namespace, stage: Stage, store: KeyStore) -> None:
    now = datetime.now(UTC)
    access_key_id = args.access_key_id or new_access_key_id()
    secret = sys.stdin.read().strip() if args.secret_from_stdin else new_secret()
    principal = f"arn:{stage.partition}:serverlessrepo:{stage.region}:{args.account}:key/{access_key_id}"
    record = KeyRecord(
        access_key_id=access_key_id,
        account=args.account,
        principal=args.principal or principal,
        actions=tuple(action.strip().removeprefix("serverlessrepo:") for action in args.actions.split(",")),
        description=args.description,
        created_at=now,
        expires_at=now + args.expires_in if args.expires_in else None,
    )
    key = RegistryKey(record=record, secret=secret)
    check_key(key)
    result = _store(key, store, may_replace=args.replace)
    shown = None if args.secret_from_stdin else secret
    _show_key(record, result, args, secret=shown)


def _store(key: RegistryKey, store: KeyStore, *, may_replace: bool) -> str:
    """`created`, `unchanged` or `replaced`. Raises AlreadyExists."""
    try:
        store.add(key)
    except AlreadyExists:
        stored = store.find(key.record.access_key_id)
        if stored is None:  # its time to live ended in between
            store.add(key)
            return "created"
        difference = _difference(stored, key)
        if not difference:
            return "unchanged"
        if not may_replace:
            raise AlreadyExists(
                f"key {key.record.access_key_id} already exists {difference}. Choose another id, or pass "
                "--replace to overwrite it: what used it as it was then stops working within a minute."
            ) from None
        store.replace(key, seen=stored.record)
        return "replaced"
    return "created"


def _difference(stored: StoredKey, wanted: RegistryKey) -> str:
    """Why the stored key does not do as the wanted one; "" when it does. Descriptions do not count."""
    if not isinstance(stored, RegistryKey):
        return "as registered signing keys"
    if not hmac.compare_digest(stored.secret.encode(), wanted.secret.encode()):
        return "with another secret"
    state = stored.record.state(datetime.now(UTC))
    if state != "active":
        return f"and is {state}"
    for field in ("account", "principal", "actions"):
        if getattr(stored.record, field) != getattr(wanted.record, field):
            return f"with another {field.removesuffix('s')}" if field != "actions" else "with other actions"
    return "with another expiry" if stored.record.expires_at or wanted.record.expires_at else ""


def _list(args: argparse.Namespace, _stage: Stage, store: KeyStore) -> None:
    now = datetime.now(UTC)
    records = sorted(store.list(), key=lambda record: (record.account, record.created_at))
    rows = [_row(record, now) for record in records]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        print(as_table(_COLUMNS, rows) if rows else "No keys.")


def _rotate(args: argparse.Namespace, _stage: Stage, store: KeyStore) -> None:
    now = datetime.now(UTC)
    old = store.find(args.access_key_id)
    if old is None or (state := old.record.state(now)) != "active":
        known = f"is {state}" if old else "does not exist"
        raise NotFound(f"key {args.access_key_id} {known}: create a new one with `registry keys create`.")
    if not isinstance(old, RegistryKey):
        raise Invalid(
            f"key {args.access_key_id} stands for signing keys that their holder registered: they end by "
            "themselves, and only AWS can rotate the access key. `registry keys revoke` stops them."
        )
    lifetime = args.expires_in
    if lifetime is None and old.record.expires_at is not None:
        lifetime = old.record.expires_at - old.record.created_at
    record = replace(
        old.record,
        access_key_id=new_access_key_id(),
        created_at=now,
        expires_at=now + lifetime if lifetime else None,
    )
    new = RegistryKey(record=record, secret=new_secret())
    ends_at = min(now + args.grace, old.record.expires_at or datetime.max.replace(tzinfo=UTC))
    store.add(new)
    # Shown before the old key is touched: whatever fails from here on, the new secret is not lost.
    _show_key(record, "created", args, secret=new.secret, predecessorExpires=_shown(ends_at))
    store.end(args.access_key_id, at=ends_at)
    if not args.json:
        print(f"\nKey {args.access_key_id} works until {_shown(ends_at)}.")


def _revoke(args: argparse.Namespace, _stage: Stage, store: KeyStore) -> None:
    record = store.revoke(args.access_key_id, at=datetime.now(UTC))
    if args.json:
        print(json.dumps(_row(record, datetime.now(UTC)), indent=2))
    else:
        print(f"Key {args.access_key_id} is revoked. It stops working within a minute.")


def _show_key(
    record: KeyRecord, result: str, args: argparse.Namespace, *, secret: str | None, **more: str
) -> None:
    row = _row(record, datetime.now(UTC)) | {"result": result, **more}
    if secret is not None:
        row["secretAccessKey"] = secret
    if args.json:
        print(json.dumps(row, indent=2))
        return
    print(f"Key {record.access_key_id} for account {record.account}: {result}.")
    print(as_table(_COLUMNS, [row]))
    if secret is not None:
        print(f"\nSecret access key, shown only this once:\n{secret}")


def _row(record: KeyRecord, now: datetime) -> dict[str, str]:
    return {
        "accessKeyId": record.access_key_id,
        "kind": record.kind,
        "account": record.account,
        "principal": record.principal,
        "state": record.state(now),
        "actions": "*" if record.actions == ALL_ACTIONS else ",".join(record.actions),
        "created": _shown(record.created_at),
        "expires": _shown(record.expires_at) if record.expires_at else "never",
        "description": record.description,
    }


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90d, 12h or 30m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
