"""The stations in the order of the flow, wired."""

from typing import Any

import pulumi

from infra.archive import build_archive
from infra.functions import read_manifest
from infra.patterns.function import Build
from infra.service.alarms import Alarms
from infra.service.assets import Assets
from infra.service.changes import Changes
from infra.service.edge import Edge, EdgeArgs
from infra.service.entities import Entities
from infra.service.functions import Functions
from infra.service.keys import Keys
from infra.service.site import provider_of, site_of
from infra.service.workers import Workers, WorkersArgs
from infra.settings import Settings


def deploy(settings: Settings) -> dict[str, pulumi.Input[Any]]:
    """Declares the whole stack; returns its outputs. Raises Mistake while only the provider is declared."""
    provider = provider_of(settings)
    site = site_of(settings, provider)
    manifest = read_manifest()
    build = Build(
        archives={
            name: pulumi.FileArchive(
                str(build_archive(spec, runtime=settings.runtime, architecture=settings.architecture))
            )
            for name, spec in manifest.archives.items()
        },
        runtime=settings.runtime,
        architecture=settings.architecture,
        log_retention_days=settings.log_retention_days,
    )
    opts = pulumi.ResourceOptions(provider=provider)
    routes = Alarms(site, opts).routes
    entities, keys, assets = Entities(site, routes, opts), Keys(site, routes, opts), Assets(site, opts)
    functions = Functions(site=site, routes=routes, manifest=manifest, build=build)
    edge = Edge(EdgeArgs(functions=functions, entities=entities, keys=keys, assets=assets), opts)
    changes = Changes(functions, entities, opts)
    workers = Workers(
        WorkersArgs(functions=functions, entities=entities, assets=assets, changes=changes), opts
    )
    return {
        "stage": settings.stage,
        "region": settings.region,
        "account_id": site.home.account,
        "sdk_api_url": edge.url,
        "sdk_api_id": edge.api.api_id,
        "changes_topic_arn": changes.topic_arn,
        "queue_urls": {noun: worker.queue.url for noun, worker in workers.queues.items()},
        "dead_letter_queue_urls": {noun: worker.queue.dead_url for noun, worker in workers.queues.items()},
        "entity_table": entities.table.name,
        "key_table": keys.table.name,
        "assets_bucket": assets.bucket.name,
        "page_topic_arn": routes.page_topic_arn,
        "ticket_topic_arn": routes.ticket_topic_arn,
    }
