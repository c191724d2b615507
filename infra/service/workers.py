"""The queues behind the topic of changes, and what works each of them off.

topic ─template created──▶ assets  ─▶ copy_assets      finishes what the API had no time for
      ─application deleted─▶ cleanup ─▶ clean_up        removes what hung off it
      ─version created────▶ checks  ─▶ check_templates  warnings of SAM's schema and cfn-lint
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.patterns.iam import Statement
from infra.patterns.queue_worker import QueueWorker, QueueWorkerArgs, SubscriptionArgs
from infra.service.assets import Assets
from infra.service.changes import Changes
from infra.service.entities import Entities
from infra.service.functions import Functions


@dataclass(frozen=True, kw_only=True)
class WorkersArgs:
    functions: Functions
    entities: Entities
    assets: Assets
    changes: Changes


class Workers(pulumi.ComponentResource):
    """One QueueWorker for each queue; its noun is the queue's."""

    def __init__(self, args: WorkersArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Workers", "workers", None, opts)
        self._args = args
        self.queues = {
            "assets": self._worker("assets", "copy_assets", copy_rights(args), "template", "created"),
            "cleanup": self._worker("cleanup", "clean_up", cleanup_rights(args), "application", "deleted"),
            # Nobody waits for a warning, and a check takes a whole processor for seconds.
            "checks": self._worker(
                "checks", "check_templates", check_rights(args), "version", "created", at_once=2
            ),
        }
        self.register_outputs({noun: worker.queue.url for noun, worker in self.queues.items()})

    def _worker(
        self,
        noun: str,
        function: str,
        rights: Sequence[Statement],
        kind: str,
        change: str,
        *,
        at_once: int = 5,
    ) -> QueueWorker:
        return QueueWorker(
            noun,
            QueueWorkerArgs(
                noun=noun,
                function=self._args.functions.args(
                    function, runbook=noun, environment=self._environment(), statements=rights
                ),
                subscription=SubscriptionArgs(
                    topic_arn=self._args.changes.topic_arn, wants={"kind": [kind], "change": [change]}
                ),
                at_once=at_once,
                batch_size=1,  # each is worth a call of its own: a slow one must not delay others
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _environment(self) -> Mapping[str, pulumi.Input[str]]:
        home = self._args.functions.site.home
        return {
            "ENTITY_TABLE": self._args.entities.table.name,
            "ASSETS_BUCKET": self._args.assets.bucket.name,
            "PARTITION": home.partition,
            "ACCOUNT_ID": home.account,
        }


def _children(sid: str, actions: Sequence[str], args: WorkersArgs, keys: Sequence[str]) -> Statement:
    """Rights on the items of the entity table whose partition keys look like `keys`."""
    return Statement(
        sid=sid,
        actions=[f"dynamodb:{action}" for action in actions],
        resources=[args.entities.table.arn],
        conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}},
    )


def _objects(sid: str, actions: Sequence[str], args: WorkersArgs, folders: Sequence[str]) -> Statement:
    return Statement(
        sid=sid,
        actions=[f"s3:{action}" for action in actions],
        resources=[pulumi.Output.concat(args.assets.bucket.arn, f"/{folder}/*") for folder in folders],
    )


def _list_assets(args: WorkersArgs) -> Statement:
    # Without it S3 says 403, not 404, of an object that does not exist.
    return Statement(sid="TellMissingAssets", actions=["s3:ListBucket"], resources=[args.assets.bucket.arn])


def copy_rights(args: WorkersArgs) -> list[Statement]:
    return [
        _children("FinishTemplates", ["GetItem", "UpdateItem"], args, ["APP#*"]),
        _objects("ReadAssets", ["GetObject"], args, ["blobs", "documents", "deploy"]),
        _objects("CopyForConsumers", ["PutObject"], args, ["deploy"]),
        _list_assets(args),
    ]


def cleanup_rights(args: WorkersArgs) -> list[Statement]:
    return [
        _children("FindApplications", ["GetItem"], args, ["ACCOUNT#*", "APP#*"]),
        _children("RemoveChildren", ["Query", "DeleteItem"], args, ["APP#*"]),
        _children("GiveBackUsage", ["UpdateItem"], args, ["ACCOUNT#*"]),
        # Who else holds an object can only be found by looking at all; a scan has no leading keys.
        Statement(sid="FindHolders", actions=["dynamodb:Scan"], resources=[args.entities.table.arn]),
        _objects(
            "RemoveUnheld",
            ["GetObject", "DeleteObject", "DeleteObjectVersion"],
            args,
            ["blobs", "documents"],  # never what was copied for consumers: their stacks read it for years
        ),
        _list_assets(args),
    ]


def check_rights(args: WorkersArgs) -> list[Statement]:
    return [
        _children("KeepWarnings", ["GetItem", "UpdateItem"], args, ["APP#*"]),
        _objects("ReadTemplates", ["GetObject"], args, ["documents"]),
        _list_assets(args),
    ]
