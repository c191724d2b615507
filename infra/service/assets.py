"""The assets bucket: code, templates, licences and readmes, each named by its digest."""

import pulumi

from infra.patterns.bucket import Bucket, BucketArgs
from infra.patterns.iam import Statement
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
                readers=lambda arn: consumers_may_read(site, arn),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": self.bucket.name})


def consumers_may_read(site: Site, bucket_arn: pulumi.Output[str]) -> list[Statement]:
    """Each account its own copies, and nothing of another's (architecture.md §6).

    One statement for however many accounts: the policy's variable stands for the reader's account. S3's Block
    Public Access asks that the readers be named, as principals or by their organisation.
    """
    settings, partition = site.settings, site.home.partition
    own = pulumi.Output.concat(bucket_arn, "/deploy/${aws:PrincipalAccount}/*")
    statements = []
    if settings.consumer_accounts:
        roots = [f"arn:{partition}:iam::{account}:root" for account in settings.consumer_accounts]
        statements.append(
            Statement(
                sid="ConsumersAccounts",
                principals={"AWS": roots},
                actions=["s3:GetObject"],
                resources=[own],
            )
        )
    if settings.consumer_organizations:
        statements.append(
            Statement(
                sid="ConsumersOrganizations",
                principals="*",
                actions=["s3:GetObject"],
                resources=[own],
                conditions={"StringEquals": {"aws:PrincipalOrgID": list(settings.consumer_organizations)}},
            )
        )
    return statements
