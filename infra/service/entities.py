"""The entity table: applications, their versions and what hangs off them (docs/architecture.md)."""

import pulumi

from infra.patterns.table import Table, TableArgs
from infra.service.site import Routes, Site


class Entities(pulumi.ComponentResource):
    table: Table

    def __init__(self, site: Site, routes: Routes, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Entities", "entities", None, opts)
        self.table = Table(
            "entities",
            TableArgs(
                noun="entities",
                partition_key="PK",
                sort_key="SK",
                ttl_attribute="expiresAt",
                stream=True,
                protection=site.protection,
                watch=routes.watch(site.names, runbook="entities"),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"table": self.table.name})
