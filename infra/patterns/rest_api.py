"""A regional REST API: every request ─▶ Auth Lambda ─verdict─▶ API Lambda.

Root ANY and /{proxy+} ANY lead to one function, so routing and errors are the function's; the authoriser runs
for each request (nothing is cached) and must always allow. Open routes alone go past it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.monitoring.alarms import Watch, raise_alarm
from infra.monitoring.symptoms import SERVER_ERRORS, SLOW_ANSWERS
from infra.patterns.api_logging import ApiLogging
from infra.patterns.function import LIVE, Function
from infra.patterns.gateway_responses import GATEWAY_RESPONSES
from infra.patterns.open_route import OpenRoute, add_open_route

# Runs the authoriser for every request. No identity source would do the same, but the AWS provider cannot say
# "none": it sends an empty text, which API Gateway refuses (terraform-provider-aws#39689).
ALWAYS_PRESENT = "context.httpMethod"
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "integrationMilliseconds": "$context.integrationLatency",
    "account": "$context.authorizer.account",
    "accessKeyId": "$context.authorizer.accessKeyId",
    "fault": "$context.authorizer.fault",
    "authorizerError": "$context.authorizer.error",
    "integrationError": "$context.integrationErrorMessage",
    "responseType": "$context.error.responseType",
    "ip": "$context.identity.sourceIp",
    "trace": "$context.xrayTraceId",
}


@dataclass(frozen=True, kw_only=True)
class RestApiArgs:
    """`stage_name` begins every path. Limits hold for all callers together; `burst` is the bucket's size."""

    noun: str
    description: str
    stage_name: str
    handler: Function
    authorizer: Function
    requests_per_second: int
    burst: int
    open_routes: Sequence[OpenRoute] = ()
    log_retention_days: int
    logging: ApiLogging
    watch: Watch


class RestApi(pulumi.ComponentResource):
    api_id: pulumi.Output[str]
    stage_name: pulumi.Output[str]
    url: pulumi.Output[str]  # with the stage's name, without a slash at the end

    def __init__(self, name: str, args: RestApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:RestApi", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._api = aws.apigateway.RestApi(
            name,
            name=args.watch.names.of(args.noun),
            description=args.description,
            endpoint_configuration={"types": "REGIONAL"},
            opts=self._child,
        )
        stage = self._stage(self._deployment())
        self._limit(stage, name, "*/*", args.requests_per_second, args.burst)
        self._permit(f"{name}-handler", args.handler, f"/{args.stage_name}/*")
        for route in args.open_routes:
            key = f"{name}-{route.slug}"
            self._limit(stage, key, route.settings_path, route.requests_per_second, route.burst)
            self._permit(key, route.handler, f"/{args.stage_name}/{route.method}{route.path}")
        self._watch()
        self.api_id, self.stage_name, self.url = self._api.id, stage.stage_name, stage.invoke_url
        self.register_outputs({"api_id": self.api_id, "url": self.url})

    def _deployment(self) -> aws.apigateway.Deployment:
        """A snapshot of the definition; made anew whenever anything of the definition changes."""
        authorizer = self._authorizer()
        proxy = aws.apigateway.Resource(
            f"{self._name}-proxy",
            rest_api=self._api.id,
            parent_id=self._api.root_resource_id,
            path_part="{proxy+}",
            opts=self._child,
        )
        routes = [
            self._route(f"{self._name}-root", self._api.root_resource_id, authorizer),
            self._route(f"{self._name}-proxy", proxy.id, authorizer),
            *(add_open_route(self._name, one, self._api, self._child) for one in self._args.open_routes),
        ]
        answers = self._gateway_responses()
        definition = pulumi.Output.json_dumps(
            {
                "authorizer": [authorizer.id, authorizer.authorizer_uri, ALWAYS_PRESENT],
                "routes": [self._api.root_resource_id, proxy.id, self._args.handler.live_invoke_arn],
                "open": [
                    [one.method, one.path, one.handler.live_invoke_arn] for one in self._args.open_routes
                ],
                "answers": [
                    [one.response_type, one.status, one.headers, one.templates] for one in GATEWAY_RESPONSES
                ],
            }
        )
        return aws.apigateway.Deployment(
            self._name,
            rest_api=self._api.id,
            triggers={"definition": definition.apply(lambda text: hashlib.sha256(text.encode()).hexdigest())},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*routes, *answers]),
        )

    def _authorizer(self) -> aws.apigateway.Authorizer:
        authorizer = aws.apigateway.Authorizer(
            self._name,
            name=self._args.authorizer.name,
            rest_api=self._api.id,
            type="REQUEST",
            authorizer_uri=self._args.authorizer.live_invoke_arn,
            authorizer_result_ttl_in_seconds=0,
            identity_source=ALWAYS_PRESENT,
            opts=self._child,
        )
        self._permit(
            f"{self._name}-authorizer",
            self._args.authorizer,
            pulumi.Output.concat("/authorizers/", authorizer.id),
        )
        return authorizer

    def _route(
        self, name: str, resource_id: pulumi.Output[str], authorizer: aws.apigateway.Authorizer
    ) -> aws.apigateway.Integration:
        method = aws.apigateway.Method(
            name,
            rest_api=self._api.id,
            resource_id=resource_id,
            http_method="ANY",
            authorization="CUSTOM",
            authorizer_id=authorizer.id,
            opts=self._child,
        )
        return aws.apigateway.Integration(
            name,
            rest_api=self._api.id,
            resource_id=resource_id,
            http_method=method.http_method,
            type="AWS_PROXY",
            integration_http_method="POST",
            uri=self._args.handler.live_invoke_arn,
            opts=self._child,
        )

    def _gateway_responses(self) -> list[aws.apigateway.Response]:
        return [
            aws.apigateway.Response(
                f"{self._name}-{answer.response_type.lower().replace('_', '-')}",
                rest_api_id=self._api.id,
                response_type=answer.response_type,
                status_code=str(answer.status) if answer.status else None,
                response_parameters=answer.headers,
                response_templates=answer.templates,
                opts=self._child,
            )
            for answer in GATEWAY_RESPONSES
        ]

    def _stage(self, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        logs = aws.cloudwatch.LogGroup(
            self._name,
            name=f"/aws/apigateway/{self._args.watch.names.of(self._args.noun)}",
            retention_in_days=self._args.log_retention_days,
            opts=self._child,
        )
        return aws.apigateway.Stage(
            self._name,
            rest_api=self._api.id,
            deployment=deployment.id,
            stage_name=self._args.stage_name,
            xray_tracing_enabled=True,
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(ACCESS_LOG)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._args.logging]),
        )

    def _limit(self, stage: aws.apigateway.Stage, name: str, method_path: str, rate: int, burst: int) -> None:
        aws.apigateway.MethodSettings(
            name,
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            method_path=method_path,
            settings={
                "metrics_enabled": True,
                # Execution logs would hold headers and bodies; the access log has what is needed.
                "logging_level": "OFF",
                "data_trace_enabled": False,
                "throttling_rate_limit": rate,
                "throttling_burst_limit": burst,
            },
            opts=self._child,
        )

    def _permit(self, name: str, function: Function, path: pulumi.Input[str]) -> None:
        """Lets this API, at `path` of its execution ARN, run the function's live version."""
        aws.lambda_.Permission(
            name,
            function=function.name,
            qualifier=LIVE,
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self._api.execution_arn, path),
            # By its name alone the function is not known to exist yet.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function]),
        )

    def _watch(self) -> None:
        for symptom in (SERVER_ERRORS, SLOW_ANSWERS):
            raise_alarm(
                self._args.noun,
                symptom,
                self._args.watch,
                namespace="AWS/ApiGateway",
                dimensions={"ApiName": self._api.name, "Stage": self._args.stage_name},
                opts=self._child,
            )
