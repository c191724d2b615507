"""The assets bucket: code, templates, licences and readmes, each named by its digest."""

import pulumi

from infra.patterns.bucket import Bucket, BucketArgs
from infra.service.site import Site


class Assets(pulumi.ComponentResource):
    bucket: Bucket

    def __init__(self, site: Site, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Assets", "assets", None, opts)
        self.bucket = Bucket(
            "assets",
            BucketArgs(
                # Bucket names are one namespace for all accounts and regions.
                bucket_name=site.names.of("assets", site.home.account, site.home.region),
                old_object_days=site.settings.old_object_days,
                protection=site.protection,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": self.bucket.name})
