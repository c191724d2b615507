"""The key table: one item a registry key, its secret encrypted under the stage's key (KMS).

The encryption context binds each ciphertext to its access key id: a ciphertext copied into another item
does not decrypt.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from registry.domain.keys import KeyRecord, RegistryKey
from registry.errors import AlreadyExists, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

Item = dict[str, Any]


class KeyStore:
    """`kms_key` is a key's id, ARN or alias. Errors of AWS pass through, but for `find`."""

    def __init__(self, dynamodb: DynamoDBClient, kms: KMSClient, *, table: str, kms_key: str) -> None:
        self._dynamodb = dynamodb
        self._kms = kms
        self._table = table
        self._kms_key = kms_key

    def find(self, access_key_id: str) -> RegistryKey | None:
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
        return RegistryKey(record=_record(item), secret=plain["Plaintext"].decode())

    def add(self, key: RegistryKey) -> None:
        """Of two writers exactly one wins. Raises AlreadyExists."""
        self._put(key, seen="")

    def replace(self, key: RegistryKey, *, seen: KeyRecord) -> None:
        """Raises AlreadyExists when the stored key is no longer the one that was `seen`."""
        self._put(key, seen=_text(seen.created_at))

    def list(self) -> Iterator[KeyRecord]:
        """Every key, in no order, without its secret."""
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True):
            yield from map(_record, page["Items"])

    def revoke(self, access_key_id: str, *, at: datetime) -> KeyRecord:
        """Safe to repeat: the first date stays. Raises NotFound."""
        return self._update(
            access_key_id,
            "SET revokedAt = if_not_exists(revokedAt, :at)",
            "attribute_exists(accessKeyId)",
            {":at": {"S": _text(at)}},
        )

    def end(self, access_key_id: str, *, at: datetime) -> KeyRecord:
        """Lets an active key expire at `at`, never later than it would anyway. Raises NotFound."""
        return self._update(
            access_key_id,
            "SET expiresAt = :at",
            "attribute_exists(accessKeyId) AND attribute_not_exists(revokedAt) "
            "AND (attribute_not_exists(expiresAt) OR expiresAt >= :at)",
            {":at": {"N": str(int(at.timestamp()))}},
        )

    def _put(self, key: RegistryKey, *, seen: str) -> None:
        access_key_id = key.record.access_key_id
        sealed = self._kms.encrypt(
            KeyId=self._kms_key,
            Plaintext=key.secret.encode(),
            EncryptionContext={"accessKeyId": access_key_id},
        )
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=_item(key.record, sealed["CiphertextBlob"]),
                ConditionExpression="attribute_not_exists(accessKeyId) OR createdAt = :seen",
                ExpressionAttributeValues={":seen": {"S": seen}},
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as taken:
            raise AlreadyExists(f"Key {access_key_id} already exists") from taken

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


def _item(record: KeyRecord, ciphertext: bytes) -> Item:
    item: Item = {
        "accessKeyId": {"S": record.access_key_id},
        "account": {"S": record.account},
        "principal": {"S": record.principal},
        "actions": {"L": [{"S": action} for action in record.actions]},
        "description": {"S": record.description},
        "createdAt": {"S": _text(record.created_at)},
        "secretCiphertext": {"B": ciphertext},
    }
    if record.expires_at is not None:
        item["expiresAt"] = {"N": str(int(record.expires_at.timestamp()))}
    if record.revoked_at is not None:
        item["revokedAt"] = {"S": _text(record.revoked_at)}
    return item


def _record(item: Item) -> KeyRecord:
    expires_at = item.get("expiresAt")
    revoked_at = item.get("revokedAt")
    return KeyRecord(
        access_key_id=item["accessKeyId"]["S"],
        account=item["account"]["S"],
        principal=item["principal"]["S"],
        actions=tuple(action["S"] for action in item["actions"]["L"]),
        description=item["description"]["S"],
        created_at=datetime.fromisoformat(item["createdAt"]["S"]),
        expires_at=datetime.fromtimestamp(int(expires_at["N"]), UTC) if expires_at else None,
        revoked_at=datetime.fromisoformat(revoked_at["S"]) if revoked_at else None,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
