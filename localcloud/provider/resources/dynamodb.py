"""DynamoDB tables.

Keys, billing, streams, TTL and backups are each a call of their own, and one update at a time.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.provider.description import Call, Complaint, Description, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.resources.dynamodb_reading import (
    ON_DEMAND,
    PROVISIONED,
    read_backups,
    read_table,
    read_ttl,
)
from localcloud.provider.values import Properties


def _key_schema(index: Properties) -> list[dict[str, str]]:
    keys = [{"AttributeName": index["hashKey"], "KeyType": "HASH"}]
    if index.get("rangeKey"):
        keys.append({"AttributeName": index["rangeKey"], "KeyType": "RANGE"})
    return keys


def _throughput(block: Properties) -> dict[str, int]:
    return {
        "ReadCapacityUnits": block.get("readCapacity") or 1,
        "WriteCapacityUnits": block.get("writeCapacity") or 1,
    }


def _on_demand(block: Properties) -> dict[str, Any]:
    limits = block.get("onDemandThroughput") or {}
    made = {
        "MaxReadRequestUnits": limits.get("maxReadRequestUnits"),
        "MaxWriteRequestUnits": limits.get("maxWriteRequestUnits"),
    }
    made = {name: value for name, value in made.items() if value}
    return {"OnDemandThroughput": made} if made else {}


def _index(index: Properties, hash_key: str, billing: str | None) -> dict[str, Any]:
    """A secondary index; `billing` None for a local one, which shares the table's partition key and
    throughput.
    """
    projection: dict[str, Any] = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    keys = _key_schema({"hashKey": hash_key, **index})
    made = {"IndexName": index["name"], "KeySchema": keys, "Projection": projection}
    if billing == PROVISIONED:
        made["ProvisionedThroughput"] = _throughput(index)
    elif billing:
        made |= _on_demand(index)
    return made


def _attributes(wanted: Properties) -> list[dict[str, str]]:
    return [{"AttributeName": a["name"], "AttributeType": a["type"]} for a in wanted.get("attributes") or ()]


def _encryption(wanted: Properties) -> dict[str, Any]:
    asked = wanted.get("serverSideEncryption") or {}
    if not asked.get("enabled"):
        return {"Enabled": False}
    key = {"KMSMasterKeyId": asked["kmsKeyArn"]} if asked.get("kmsKeyArn") else {}
    return {"Enabled": True, "SSEType": "KMS", **key}


def _stream(wanted: Properties) -> dict[str, Any]:
    if not wanted.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": wanted.get("streamViewType") or "NEW_AND_OLD_IMAGES"}


def _create(job: Job) -> Any:
    wanted = job.properties
    billing, hash_key = wanted["billingMode"], wanted["hashKey"]
    params: dict[str, Any] = {
        "TableName": wanted["name"],
        "AttributeDefinitions": _attributes(wanted),
        "KeySchema": _key_schema(wanted),
        "BillingMode": billing,
        "TableClass": wanted["tableClass"],
        "DeletionProtectionEnabled": bool(wanted.get("deletionProtectionEnabled")),
    }
    if billing == PROVISIONED:
        params["ProvisionedThroughput"] = _throughput(wanted)
    else:
        params |= _on_demand(wanted)
    for name, member, of in (
        ("globalSecondaryIndexes", "GlobalSecondaryIndexes", billing),
        ("localSecondaryIndexes", "LocalSecondaryIndexes", None),
    ):
        if wanted.get(name):
            params[member] = [_index(index, hash_key, of) for index in wanted[name]]
    if wanted.get("streamEnabled"):
        params["StreamSpecification"] = _stream(wanted)
    if (wanted.get("serverSideEncryption") or {}).get("enabled"):
        params["SSESpecification"] = _encryption(wanted)
    if wanted.get("tagsAll"):
        params["Tags"] = [{"Key": key, "Value": value} for key, value in wanted["tagsAll"].items()]
    return job.client.create_table(**params)["TableDescription"]


def _update(job: Job, **params: Any) -> None:
    """One change; the table must be active again before the next."""
    job.client.update_table(TableName=job.id, **params)
    job.wait()


def _billing(job: Job) -> None:
    wanted = job.properties
    if wanted["billingMode"] == PROVISIONED:
        _update(job, BillingMode=PROVISIONED, ProvisionedThroughput=_throughput(wanted))
    else:
        _update(job, BillingMode=ON_DEMAND, **_on_demand(wanted))


def _switch_stream(job: Job) -> None:
    """A stream cannot change its view: it is replaced by a new one."""
    if job.old.get("streamEnabled"):
        _update(job, StreamSpecification={"StreamEnabled": False})
    if job.properties.get("streamEnabled"):
        _update(job, StreamSpecification=_stream(job.properties))


def _indexes(job: Job) -> None:
    """Global indexes by name: those that changed in more than their capacity are dropped and made anew."""
    wanted = job.properties
    _same_types(job)
    old = {index["name"]: index for index in job.old.get("globalSecondaryIndexes") or ()}
    new = {index["name"]: index for index in wanted.get("globalSecondaryIndexes") or ()}
    billing = wanted["billingMode"]
    for name, index in old.items():
        if name not in new or _identity(index) != _identity(new[name]):
            _update(job, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])
    for name, index in new.items():
        if name not in old or _identity(old[name]) != _identity(index):
            made = _index(index, wanted["hashKey"], billing)
            _update(
                job, AttributeDefinitions=_attributes(wanted), GlobalSecondaryIndexUpdates=[{"Create": made}]
            )
        elif billing == PROVISIONED and _throughput(old[name]) != _throughput(index):
            change = {"IndexName": name, "ProvisionedThroughput": _throughput(index)}
            _update(job, GlobalSecondaryIndexUpdates=[{"Update": change}])


def _same_types(job: Job) -> None:
    """The type of a key is for ever, and no plan of the stock provider shows a change of it."""
    types = {attribute["name"]: attribute["type"] for attribute in job.old.get("attributes") or ()}
    for attribute in job.properties.get("attributes") or ():
        if types.get(attribute["name"], attribute["type"]) != attribute["type"]:
            raise ValueError(f"the type of attribute {attribute['name']} cannot change: replace the table")


def _identity(index: Properties) -> Properties:
    fixed = ("hashKey", "rangeKey", "projectionType")
    return {**{key: index.get(key) for key in fixed}, "also": sorted(index.get("nonKeyAttributes") or ())}


def _ttl(job: Job) -> None:
    """On AWS, TTL can be switched once an hour."""
    wanted, old = job.properties.get("ttl") or {}, job.old.get("ttl") or {}
    enabled = bool(wanted.get("enabled"))
    attribute = wanted.get("attributeName") or old.get("attributeName")
    if attribute and (enabled or old.get("enabled")):
        specification = {"Enabled": enabled, "AttributeName": attribute}
        job.client.update_time_to_live(TableName=job.id, TimeToLiveSpecification=specification)


def _backups(job: Job) -> None:
    wanted = job.properties.get("pointInTimeRecovery") or {}
    days = wanted.get("recoveryPeriodInDays")
    job.client.update_continuous_backups(
        TableName=job.id,
        PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": bool(wanted.get("enabled")),
            **({"RecoveryPeriodInDays": days} if days and wanted.get("enabled") else {}),
        },
    )


def _keys_are_attributes(inputs: Properties) -> Iterator[Complaint]:
    """DynamoDB wants exactly the key attributes defined."""
    blocks = [
        inputs,
        *(inputs.get("globalSecondaryIndexes") or ()),
        *(inputs.get("localSecondaryIndexes") or ()),
    ]
    keys = {block.get(key) for block in blocks for key in ("hashKey", "rangeKey")} - {None, ""}
    defined = {attribute.get("name") for attribute in inputs.get("attributes") or ()}
    if not inputs.get("hashKey"):
        yield "hashKey", "is required, and missing"
    for name in sorted(keys - defined, key=str):
        yield "attributes", f"lacks {name!r}, which is a key"
    for name in sorted(defined - keys, key=str):
        yield "attributes", f"has {name!r}, which is no key of the table or of an index"


def _moves(_inputs: Properties, changed: frozenset[str]) -> Iterable[str]:
    return ("streamArn", "streamLabel") if changed & {"streamEnabled", "streamViewType"} else ()


DESCRIPTIONS = (
    Description(
        token="aws:dynamodb/table:Table",  # noqa: S106
        service="dynamodb",
        id="{name}",
        create=_create,
        read=(read_table, read_ttl, read_backups),
        ready="TableStatus == 'ACTIVE'",
        lingers=True,
        steps=(
            Step(
                properties=("billingMode", "readCapacity", "writeCapacity", "onDemandThroughput"),
                action=_billing,
            ),
            Step(properties=("attributes", "globalSecondaryIndexes"), action=_indexes),
            Step(properties=("streamEnabled", "streamViewType"), action=_switch_stream),
            Step(
                properties=("serverSideEncryption",),
                action=lambda job: _update(job, SSESpecification=_encryption(job.properties)),
            ),
            Step(
                properties=("tableClass",),
                action=lambda job: _update(job, TableClass=job.properties["tableClass"]),
            ),
            Step(
                properties=("deletionProtectionEnabled",),
                action=lambda job: _update(
                    job, DeletionProtectionEnabled=bool(job.properties.get("deletionProtectionEnabled"))
                ),
            ),
            Step(properties=("ttl",), action=_ttl, on_create=True),
            Step(properties=("pointInTimeRecovery",), action=_backups, on_create=True),
        ),
        delete=Call(operation="delete_table", params={"TableName": "{id}"}),
        outputs={"arn": "arn", "streamArn": "streamArn", "streamLabel": "streamLabel"},
        tags=Tags(
            read="list_tags_of_resource",
            write="tag_resource",
            drop="untag_resource",
            by={"ResourceArn": "{arn}"},
        ),
        unordered=frozenset({"attributes", "globalSecondaryIndexes", "localSecondaryIndexes"}),
        computed=frozenset(
            {
                "serverSideEncryption.kmsKeyArn",
                "pointInTimeRecovery.recoveryPeriodInDays",
                "globalSecondaryIndexes[].readCapacity",
                "globalSecondaryIndexes[].writeCapacity",
            }
        ),
        checks=(_keys_are_attributes,),
        moves=_moves,
    ),
)
