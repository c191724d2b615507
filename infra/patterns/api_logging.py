"""The right of API Gateway to write logs: one setting for all REST APIs of an account in a region."""

import pulumi
import pulumi_aws as aws

from infra.naming import Home, Names
from infra.patterns.iam import assumed_by


class ApiLogging(pulumi.ComponentResource):
    """APIs with access logs depend on it; API Gateway refuses their stages otherwise."""

    def __init__(
        self, name: str, *, names: Names, home: Home, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sar:patterns:ApiLogging", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=names.of(name, home.region),
            assume_role_policy=assumed_by("apigateway"),
            opts=child,
        )
        # API Gateway checks the role against this list of rights and accepts no smaller one.
        rights = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=f"arn:{home.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
            opts=child,
        )
        aws.apigateway.Account(
            name,
            cloudwatch_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.register_outputs({})
