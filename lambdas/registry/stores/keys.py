"""The key table: one item a key, its secret or signing keys encrypted under the stage's key (KMS).

The encryption context binds each ciphertext to its access key id: a ciphertext copied into another item
does not decrypt. Items `seen#<digest>` are the proofs that were exchanged for a key: none serves twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from registry.domain.keys import (
    REGISTRY_KEY,
    SIGNING_KEYS,
    KeyKind,
    KeyRecord,
    RegisteredKeys,
    RegistryKey,
    StoredKey,
)
from registry.errors import AlreadyExists, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

Item = dict[str, Any]

_ACTIVE = "attribute_not_exists(revokedAt)"


class Replayed(Exception):  # noqa: N818 - a turn of events inside the services
    """The proof was exchanged before."""


class KeyStore:
    """`kms_key` is a key's id, ARN or alias. Errors of AWS pass through, but for `find`."""

    def __init__(self, dynamodb: DynamoDBClient, kms: KMSClient, *, table: str, kms_key: str) -> None:
        self._dynamodb = dynamodb
        self._kms = kms
        self._table = table
        self._kms_key = kms_key

    def find(self, access_key_id: str) -> StoredKey | None:
        """The key whatever its state, or None. Raises Unavailable when table or KMS cannot be asked."""
        try:
            answer = self._dynamodb.get_item(
                TableName=self._table, Key={"accessKeyId": {"S": access_key_id}}, ConsistentRead=True
            )
            item = answer.get("Item")
            if item is None:
                return None
            plain = self._kms.decrypt(
                KeyId=self._kms_key,
                CiphertextBlob=item["secretCiphertext"]["B"],
                EncryptionContext={"accessKeyId": access_key_id},
            )
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("The registry cannot read its keys at the moment. Try again.") from error
        return _opened(_record(item), plain["Plaintext"])

    def add(self, key: RegistryKey) -> None:
        """Of two writers exactly one wins. Raises AlreadyExists."""
        self._put(key, seen="")

    def replace(self, key: RegistryKey, *, seen: KeyRecord) -> None:
        """Raises AlreadyExists when the stored key is no longer the one that was `seen`."""
        self._put(key, seen=_text(seen.created_at))

    def exchange(self, key: StoredKey, *, proof: str, forget_at: datetime) -> None:
        """Stores `key` for a proof, which is known by the digest `proof` and too old for use by `forget_at`.

        One transaction. Signing keys take the place of those their holder registered before. Raises Replayed,
        or AlreadyExists when the id was revoked or belongs to a registry key.
        """
        free = "attribute_not_exists(accessKeyId)"
        seen = {"accessKeyId": {"S": f"seen#{proof}"}, "expiresAt": _seconds(forget_at)}
        once: Item = {"TableName": self._table, "Item": seen, "ConditionExpression": free}
        put: Item = {"TableName": self._table, "Item": self._sealed(key), "ConditionExpression": free}
        if key.record.kind == SIGNING_KEYS:
            put["ConditionExpression"] += f" OR (kind = :kind AND account = :account AND {_ACTIVE})"
            put["ExpressionAttributeValues"] = {
                ":kind": {"S": SIGNING_KEYS},
                ":account": {"S": key.record.account},
            }
        try:
            self._dynamodb.transact_write_items(
                TransactItems=[{"Put": cast("Any", once)}, {"Put": cast("Any", put)}]
            )
        except self._dynamodb.exceptions.TransactionCanceledException as cancelled:
            reasons = [reason.get("Code") for reason in cancelled.response.get("CancellationReasons", [])]
            if "ConditionalCheckFailed" not in reasons:
                raise Unavailable("Others write the same key at this moment. Try again.") from cancelled
            if reasons[0] == "ConditionalCheckFailed":
                raise Replayed from cancelled
            raise AlreadyExists(f"Key {key.record.access_key_id} was revoked or is not yours") from cancelled

    def list(self) -> Iterator[KeyRecord]:
        """Every key, in no order, without what signs."""
        for page in self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table, ConsistentRead=True, FilterExpression="attribute_exists(account)"
        ):
            yield from map(_record, page["Items"])

    def revoke(self, access_key_id: str, *, at: datetime) -> KeyRecord:
        """Safe to repeat: the first date stays. Raises NotFound.

        Registered signing keys leave a mark that outlives them: nobody registers under this id again.
        """
        update, values = "SET revokedAt = if_not_exists(revokedAt, :at)", {":at": {"S": _text(at)}}
        try:
            return self._update(
                access_key_id,
                f"{update} REMOVE expiresAt",
                "kind = :kind",
                values | {":kind": {"S": SIGNING_KEYS}},
            )
        except NotFound:
            return self._update(access_key_id, update, "attribute_exists(account)", values)

    def end(self, access_key_id: str, *, at: datetime) -> KeyRecord:
        """Lets an active key expire at `at`, never later than it would anyway. Raises NotFound."""
        return self._update(
            access_key_id,
            "SET expiresAt = :at",
            f"attribute_exists(account) AND {_ACTIVE} "
            "AND (attribute_not_exists(expiresAt) OR expiresAt >= :at)",
            {":at": _seconds(at)},
        )

    def _put(self, key: RegistryKey, *, seen: str) -> None:
        access_key_id = key.record.access_key_id
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=self._sealed(key),
                ConditionExpression="attribute_not_exists(accessKeyId) OR createdAt = :seen",
                ExpressionAttributeValues={":seen": {"S": seen}},
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as taken:
            raise AlreadyExists(f"Key {access_key_id} already exists") from taken

    def _sealed(self, key: StoredKey) -> Item:
        sealed = self._kms.encrypt(
            KeyId=self._kms_key,
            Plaintext=_plain(key),
            EncryptionContext={"accessKeyId": key.record.access_key_id},
        )
        return _item(key.record, sealed["CiphertextBlob"])

    def _update(self, access_key_id: str, update: str, condition: str, values: Item) -> KeyRecord:
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key={"accessKeyId": {"S": access_key_id}},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as unmet:
            raise NotFound(f"There is no active key {access_key_id}") from unmet
        return _record(answer["Attributes"])


def _plain(key: StoredKey) -> bytes:
    if isinstance(key, RegistryKey):
        return key.secret.encode()
    return json.dumps({date: signing_key.hex() for date, signing_key in key.by_date.items()}).encode()


def _opened(record: KeyRecord, plain: bytes) -> StoredKey:
    if record.kind == REGISTRY_KEY:
        return RegistryKey(record=record, secret=plain.decode())
    by_date = {date: bytes.fromhex(signing_key) for date, signing_key in json.loads(plain).items()}
    return RegisteredKeys(record=record, by_date=by_date)


def _item(record: KeyRecord, ciphertext: bytes) -> Item:
    item: Item = {
        "accessKeyId": {"S": record.access_key_id},
        "kind": {"S": record.kind},
        "account": {"S": record.account},
        "principal": {"S": record.principal},
        "actions": {"L": [{"S": action} for action in record.actions]},
        "description": {"S": record.description},
        "createdAt": {"S": _text(record.created_at)},
        "secretCiphertext": {"B": ciphertext},
    }
    if record.expires_at is not None:
        item["expiresAt"] = _seconds(record.expires_at)
    if record.revoked_at is not None:
        item["revokedAt"] = {"S": _text(record.revoked_at)}
    return item


def _record(item: Item) -> KeyRecord:
    expires_at = item.get("expiresAt")
    revoked_at = item.get("revokedAt")
    return KeyRecord(
        access_key_id=item["accessKeyId"]["S"],
        kind=cast("KeyKind", item.get("kind", {"S": REGISTRY_KEY})["S"]),
        account=item["account"]["S"],
        principal=item["principal"]["S"],
        actions=tuple(action["S"] for action in item["actions"]["L"]),
        description=item["description"]["S"],
        created_at=datetime.fromisoformat(item["createdAt"]["S"]),
        expires_at=datetime.fromtimestamp(int(expires_at["N"]), UTC) if expires_at else None,
        revoked_at=datetime.fromisoformat(revoked_at["S"]) if revoked_at else None,
    )


def _seconds(moment: datetime) -> Item:
    return {"N": str(int(moment.timestamp()))}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
