"""Who may call: the key table and the KMS key that encrypts its secrets. The Auth Lambda alone reads them."""

import pulumi

from infra.patterns.key import Key, KeyArgs
from infra.patterns.table import Table, TableArgs
from infra.service.site import Routes, Site


class Keys(pulumi.ComponentResource):
    table: Table
    key: Key

    def __init__(self, site: Site, routes: Routes, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Keys", "keys", None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.table = Table(
            "keys",
            TableArgs(
                noun="keys",
                partition_key="accessKeyId",
                ttl_attribute="expiresAt",
                protection=site.protection,
                watch=routes.watch(site.names, runbook="keys"),
            ),
            child,
        )
        self.key = Key(
            "keys",
            KeyArgs(
                noun="keys",
                description="Secrets of the key table; encryption context: accessKeyId",
                kind="encryption",
                names=site.names,
                home=site.home,
                protection=site.protection,
            ),
            child,
        )
        self.register_outputs({"table": self.table.name, "key": self.key.arn})
