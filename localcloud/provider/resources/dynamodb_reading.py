"""What DynamoDB tells of a table, in the program's terms."""

from collections.abc import Iterable
from typing import Any

from localcloud.provider.job import Job
from localcloud.provider.values import Properties

PROVISIONED, ON_DEMAND = "PROVISIONED", "PAY_PER_REQUEST"


def read_table(job: Job) -> Any:
    """The table in the program's terms, and TableStatus."""
    table = job.client.describe_table(TableName=job.id)["Table"]
    stream, encryption = table.get("StreamSpecification") or {}, table.get("SSEDescription") or {}
    throughput = table.get("ProvisionedThroughput") or {}
    billing = (table.get("BillingModeSummary") or {}).get("BillingMode", PROVISIONED)
    keyed = encryption.get("Status") in ("ENABLED", "ENABLING", "UPDATING")
    enabled = bool(stream.get("StreamEnabled"))
    return {
        "TableStatus": table["TableStatus"],
        "name": table["TableName"],
        "arn": table["TableArn"],
        **_read_keys(table["KeySchema"]),
        "attributes": [
            {"name": a["AttributeName"], "type": a["AttributeType"]} for a in table["AttributeDefinitions"]
        ],
        "billingMode": billing,
        "tableClass": (table.get("TableClassSummary") or {}).get("TableClass", "STANDARD"),
        "deletionProtectionEnabled": bool(table.get("DeletionProtectionEnabled")),
        "readCapacity": throughput.get("ReadCapacityUnits", 0) if billing == PROVISIONED else 0,
        "writeCapacity": throughput.get("WriteCapacityUnits", 0) if billing == PROVISIONED else 0,
        "onDemandThroughput": _read_on_demand(table),
        "streamEnabled": enabled,
        "streamViewType": stream.get("StreamViewType", "") if enabled else "",
        "streamArn": table.get("LatestStreamArn", "") if enabled else "",
        "streamLabel": table.get("LatestStreamLabel", "") if enabled else "",
        "serverSideEncryption": {
            "enabled": keyed,
            "kmsKeyArn": encryption.get("KMSMasterKeyArn", "") if keyed else "",
        },
        "globalSecondaryIndexes": [
            _read_index(i, billing) for i in table.get("GlobalSecondaryIndexes") or ()
        ],
        "localSecondaryIndexes": [_read_index(i, None) for i in table.get("LocalSecondaryIndexes") or ()],
    }


def _read_keys(schema: Iterable[dict[str, str]]) -> dict[str, str]:
    names = {"HASH": "hashKey", "RANGE": "rangeKey"}
    return {names[key["KeyType"]]: key["AttributeName"] for key in schema}


def _read_on_demand(block: dict[str, Any]) -> Properties:
    limits = block.get("OnDemandThroughput") or {}
    return {
        "maxReadRequestUnits": limits.get("MaxReadRequestUnits", 0),
        "maxWriteRequestUnits": limits.get("MaxWriteRequestUnits", 0),
    }


def _read_index(index: dict[str, Any], billing: str | None) -> Properties:
    projection, throughput = index["Projection"], index.get("ProvisionedThroughput") or {}
    read: Properties = {
        "name": index["IndexName"],
        **_read_keys(index["KeySchema"]),
        "projectionType": projection["ProjectionType"],
        "nonKeyAttributes": projection.get("NonKeyAttributes") or [],
    }
    if billing == PROVISIONED:
        read |= {
            "readCapacity": throughput.get("ReadCapacityUnits", 0),
            "writeCapacity": throughput.get("WriteCapacityUnits", 0),
        }
    elif billing:
        read["onDemandThroughput"] = _read_on_demand(index)
    else:
        read.pop("hashKey")
    return read


def read_ttl(job: Job) -> Any:
    told = job.client.describe_time_to_live(TableName=job.id)["TimeToLiveDescription"]
    enabled = told.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    return {"ttl": {"enabled": enabled, "attributeName": told.get("AttributeName", "") if enabled else ""}}


def read_backups(job: Job) -> Any:
    told = job.client.describe_continuous_backups(TableName=job.id)["ContinuousBackupsDescription"]
    recovery = told.get("PointInTimeRecoveryDescription") or {}
    enabled = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    days = recovery.get("RecoveryPeriodInDays") if enabled else None
    return {"pointInTimeRecovery": {"enabled": enabled, **({"recoveryPeriodInDays": days} if days else {})}}
