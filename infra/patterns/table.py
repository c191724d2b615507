"""A DynamoDB table: on demand, encrypted, recoverable to any second of the last 35 days."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.monitoring.alarms import Watch, raise_alarm
from infra.monitoring.symptoms import READS_THROTTLED, WRITES_THROTTLED
from infra.patterns.protection import Protection


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """All keys are text. `ttl_attribute`: epoch seconds; DynamoDB deletes days later, so readers check it."""

    noun: str
    partition_key: str
    sort_key: str | None = None
    ttl_attribute: str
    stream: bool = False  # of old and new images
    protection: Protection
    watch: Watch


class Table(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    stream_arn: pulumi.Output[str]  # changes with every re-creation of the stream

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:Table", name, None, opts)
        keys = [key for key in (args.partition_key, args.sort_key) if key]
        table = aws.dynamodb.Table(
            name,
            name=args.watch.names.of(args.noun),
            billing_mode="PAY_PER_REQUEST",
            hash_key=args.partition_key,
            range_key=args.sort_key,
            attributes=[{"name": key, "type": "S"} for key in keys],
            ttl={"attribute_name": args.ttl_attribute, "enabled": True},
            stream_enabled=True if args.stream else None,
            stream_view_type="NEW_AND_OLD_IMAGES" if args.stream else None,
            server_side_encryption={"enabled": True},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args.protection.protect,
            opts=args.protection.options(self),
        )
        for symptom in (READS_THROTTLED, WRITES_THROTTLED):
            raise_alarm(
                args.noun,
                symptom,
                args.watch,
                namespace="AWS/DynamoDB",
                dimensions={"TableName": table.name},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.name, self.arn, self.stream_arn = table.name, table.arn, table.stream_arn
        self.register_outputs({"name": table.name, "arn": table.arn})
