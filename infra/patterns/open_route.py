"""A route of a REST API that anybody may call: no authoriser, its own function, and a tight limit."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.patterns.function import Function


@dataclass(frozen=True, kw_only=True)
class OpenRoute:
    """`path`: as in `/auth/token`, without parameters. Limits hold for all callers together."""

    method: str
    path: str
    handler: Function
    requests_per_second: int
    burst: int

    @property
    def slug(self) -> str:
        """For logical names: `auth-token`."""
        return self.path.strip("/").replace("/", "-")

    @property
    def settings_path(self) -> str:
        """How API Gateway names the method in a stage's settings."""
        return f"{self.path.lstrip('/')}/{self.method}"


def add_open_route(
    name: str,
    route: OpenRoute,
    api: aws.apigateway.RestApi,
    opts: pulumi.ResourceOptions,
) -> aws.apigateway.Integration:
    """Resources for each part of the path, the method and its integration."""
    parent: pulumi.Output[str] = api.root_resource_id
    parts = route.path.strip("/").split("/")
    for depth, part in enumerate(parts, 1):
        parent = aws.apigateway.Resource(
            f"{name}-{'-'.join(parts[:depth])}",
            rest_api=api.id,
            parent_id=parent,
            path_part=part,
            opts=opts,
        ).id
    method = aws.apigateway.Method(
        f"{name}-{route.slug}",
        rest_api=api.id,
        resource_id=parent,
        http_method=route.method,
        authorization="NONE",
        opts=opts,
    )
    return aws.apigateway.Integration(
        f"{name}-{route.slug}",
        rest_api=api.id,
        resource_id=parent,
        http_method=method.http_method,
        type="AWS_PROXY",
        integration_http_method="POST",
        uri=route.handler.live_invoke_arn,
        opts=opts,
    )
