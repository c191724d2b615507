"""The role that signs links to templates: a session of it has a known end, a function's own has not."""

import pulumi
import pulumi_aws as aws

from infra.naming import Home
from infra.patterns.iam import Statement, policy
from infra.service.assets import Assets
from infra.service.site import Site


class Links(pulumi.ComponentResource):
    role_arn: pulumi.Output[str]

    def __init__(self, site: Site, assets: Assets, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Links", "links", None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = site.names
        role = aws.iam.Role(
            "links",
            name=names.of("links", site.home.region),
            assume_role_policy=policy(_only(site.home, names.of("sdk-api", site.home.region))),
            max_session_duration=3600,
            opts=child,
        )
        aws.iam.RolePolicy(
            "links",
            name="rights",
            role=role.name,
            policy=policy(
                Statement(
                    sid="ReadTemplates",
                    actions=["s3:GetObject"],
                    resources=[pulumi.Output.concat(assets.bucket.arn, "/deploy/*/templates/*")],
                )
            ),
            opts=child,
        )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": role.arn})


def _only(home: Home, role: str) -> Statement:
    """By the role's name: naming the role itself would make each of the two wait for the other."""
    return Statement(
        sid="ApiFunction",
        principals={"AWS": home.root},
        actions=["sts:AssumeRole"],
        conditions={
            "ArnEquals": {"aws:PrincipalArn": f"arn:{home.partition}:iam::{home.account}:role/{role}"}
        },
    )
