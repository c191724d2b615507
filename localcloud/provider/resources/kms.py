"""KMS: keys, whose deletion is only scheduled, and aliases."""

from localcloud.provider.description import Call, Description, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.values import Value, same_policy

_DAYS = 30
"""KMS's own waiting time before a key is gone."""


def _rotation(job: Job) -> None:
    if not job.properties.get("enableKeyRotation"):
        if job.old.get("enableKeyRotation"):
            job.client.disable_key_rotation(KeyId=job.id)
        return
    days = job.properties.get("rotationPeriodInDays")
    job.client.enable_key_rotation(KeyId=job.id, **({"RotationPeriodInDays": days} if days else {}))


def _enabled(job: Job) -> None:
    change = job.client.enable_key if job.properties.get("isEnabled") else job.client.disable_key
    change(KeyId=job.id)


def _disable_new(job: Job) -> None:
    """A key is enabled from the start."""
    if job.properties.get("isEnabled") is False and not job.old:
        job.client.disable_key(KeyId=job.id)


def _rotation_status(job: Job) -> object:
    """Keys that cannot rotate (HMAC, asymmetric) do not answer."""
    if job.scope.get("customerMasterKeySpec") != "SYMMETRIC_DEFAULT":
        return {}
    return job.client.get_key_rotation_status(KeyId=job.id)


def _delete(job: Job) -> None:
    job.client.schedule_key_deletion(
        KeyId=job.id, PendingWindowInDays=job.properties.get("deletionWindowInDays") or _DAYS
    )


def _same_key(old: Value, new: Value) -> bool:
    """A key by its id, or by its ARN."""
    return str(old).rpartition("/")[2] == str(new).rpartition("/")[2]


DESCRIPTIONS = (
    Description(
        token="aws:kms/key:Key",  # noqa: S106
        service="kms",
        id="{keyId}",
        create=Call(
            operation="create_key",
            sends=(
                "description",
                "keyUsage",
                "customerMasterKeySpec",
                "multiRegion",
                "policy",
                "bypassPolicyLockoutSafetyCheck",
            ),
            pick="KeyMetadata",
        ),
        read=(
            Call(
                operation="describe_key",
                params={"KeyId": "{id}"},
                pick="KeyMetadata.KeyState != 'PendingDeletion' && KeyMetadata || `null`",
            ),
            Call(operation="get_key_policy", params={"KeyId": "{id}", "PolicyName": "default"}),
            _rotation_status,
        ),
        steps=(
            Step(properties=("enableKeyRotation", "rotationPeriodInDays"), action=_rotation, on_create=True),
            Step(
                properties=("description",),
                action=Call(
                    operation="update_key_description",
                    params={"KeyId": "{id}"},
                    sends=("description",),
                    clears=True,
                ),
            ),
            Step(
                properties=("policy",),
                action=Call(
                    operation="put_key_policy",
                    params={"KeyId": "{id}", "PolicyName": "default"},
                    sends=("policy", "bypassPolicyLockoutSafetyCheck"),
                ),
            ),
            Step(properties=("isEnabled",), action=_enabled),
        ),
        finish=_disable_new,
        delete=_delete,
        members={
            "customerMasterKeySpec": "KeySpec",
            "isEnabled": "Enabled",
            "enableKeyRotation": "KeyRotationEnabled",
        },
        outputs={"arn": "Arn", "keyId": "KeyId"},
        tags=Tags(
            read="list_resource_tags", write="tag_resource", drop="untag_resource", by={"KeyId": "{id}"}
        ),
        local=frozenset({"bypassPolicyLockoutSafetyCheck", "deletionWindowInDays"}),
        same={"policy": same_policy},
    ),
    Description(
        token="aws:kms/alias:Alias",  # noqa: S106
        service="kms",
        id="{name}",
        create=Call(operation="create_alias", sends=("name", "targetKeyId")),
        read=(
            Call(operation="list_aliases", every=True, pick="Aliases[?AliasName=='{id}'] | [0]"),
            Call(
                operation="describe_key",
                params={"KeyId": "{targetKeyId}"},
                pick="{TargetKeyArn: KeyMetadata.Arn}",
            ),
        ),
        steps=(
            Step(
                properties=("targetKeyId",),
                action=Call(operation="update_alias", sends=("name", "targetKeyId")),
            ),
        ),
        delete=Call(operation="delete_alias", params={"AliasName": "{id}"}),
        members={"name": "AliasName"},
        outputs={"arn": "AliasArn", "targetKeyArn": "TargetKeyArn"},
        same={"targetKeyId": _same_key},
        autoname=lambda name, _inputs: f"alias/{name.removeprefix('alias/')}",
    ),
)
