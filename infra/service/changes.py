"""Entity table ─stream─▶ announce_changes ─▶ topic of changes ─▶ every queue that wants to know."""

import pulumi

from infra.patterns.stream_fanout import StreamFanout, StreamFanoutArgs
from infra.service.entities import Entities
from infra.service.functions import Functions

# Templates end by their time to live, which is no event; usage, rates and the like have other kinds.
ANNOUNCED = (
    {
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {"kind": {"S": ["application", "version", "template"]}}},
    },
    {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"kind": {"S": ["application", "version"]}}}},
)


class Changes(pulumi.ComponentResource):
    topic_arn: pulumi.Output[str]

    def __init__(self, functions: Functions, entities: Entities, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Changes", "changes", None, opts)
        site = functions.site
        fanout = StreamFanout(
            "changes",
            StreamFanoutArgs(
                noun="changes",
                stream_arn=entities.table.stream_arn,
                function=functions.args("announce_changes", runbook="changes", environment={}, statements=[]),
                patterns=ANNOUNCED,
                failures_bucket=site.names.of("failed-changes", site.home.account, site.home.region),
                old_object_days=site.settings.old_object_days,
                protection=site.protection,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.topic_arn = fanout.topic_arn
        self.register_outputs({"topic_arn": self.topic_arn})
