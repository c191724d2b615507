"""The stations in the order of the flow, wired."""

import pulumi

from infra.archive import build_archive
from infra.functions import read_manifest
from infra.patterns.function import Build
from infra.service.alarms import Alarms
from infra.service.assets import Assets
from infra.service.edge import Edge, EdgeArgs
from infra.service.entities import Entities
from infra.service.keys import Keys
from infra.service.site import provider_of, site_of
from infra.settings import Settings


def deploy(settings: Settings) -> dict[str, pulumi.Input[str]]:
    """Declares the whole stack; returns its outputs. Raises Mistake while only the provider is declared."""
    provider = provider_of(settings)
    site = site_of(settings, provider)
    manifest = read_manifest()
    archive = build_archive(manifest.archive, runtime=settings.runtime, architecture=settings.architecture)
    build = Build(
        archive=pulumi.FileArchive(str(archive)),
        runtime=settings.runtime,
        architecture=settings.architecture,
        log_retention_days=settings.log_retention_days,
    )
    opts = pulumi.ResourceOptions(provider=provider)
    routes = Alarms(site, opts).routes
    entities, keys, assets = Entities(site, routes, opts), Keys(site, routes, opts), Assets(site, opts)
    edge = Edge(
        EdgeArgs(
            site=site,
            routes=routes,
            manifest=manifest,
            build=build,
            entities=entities,
            keys=keys,
            assets=assets,
        ),
        opts,
    )
    return {
        "stage": settings.stage,
        "region": settings.region,
        "account_id": site.home.account,
        "sdk_api_url": edge.api.url,
        "sdk_api_id": edge.api.api_id,
        "entity_table": entities.table.name,
        "key_table": keys.table.name,
        "assets_bucket": assets.bucket.name,
        "page_topic_arn": routes.page_topic_arn,
        "ticket_topic_arn": routes.ticket_topic_arn,
    }
