"""A Lambda function: role ─▶ function ─▶ version ─▶ alias `live`, which is all that callers may use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from infra.functions import FunctionSpec
from infra.monitoring.alarms import Watch, raise_alarm
from infra.monitoring.symptoms import CRASHES, NEAR_TIMEOUT, THROTTLED
from infra.naming import Home
from infra.patterns.iam import Statement, assumed_by, policy

LIVE = "live"


@dataclass(frozen=True, kw_only=True)
class Build:
    """What all functions of a stack share."""

    archives: Mapping[str, pulumi.Archive]  # by the name that functions.toml gives them
    runtime: str
    architecture: str
    log_retention_days: int


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """`statements`: all that the function may do besides logging and tracing.
    `concurrency`: reserved runs, -1 for none.
    """

    noun: str
    spec: FunctionSpec
    build: Build
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    concurrency: int
    home: Home
    watch: Watch


class Function(pulumi.ComponentResource):
    name: str
    live_arn: pulumi.Output[str]
    live_invoke_arn: pulumi.Output[str]  # the form that API Gateway's integrations and authorisers take

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.name = args.watch.names.of(args.noun)
        logs = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{self.name}",
            retention_in_days=args.build.log_retention_days,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            # Roles are global to the account, and each region has its own stack.
            name=args.watch.names.of(args.noun, args.home.region),
            assume_role_policy=assumed_by("lambda"),
            opts=child,
        )
        rights = aws.iam.RolePolicy(
            name,
            name="rights",
            role=role.name,
            policy=policy(*args.statements, *_always(logs.arn)),
            opts=child,
        )
        function = self._function(name, args, role, [logs, rights])
        live = aws.lambda_.Alias(
            name, name=LIVE, function_name=function.name, function_version=function.version, opts=child
        )
        self._watch(args, function)
        self.live_arn, self.live_invoke_arn = live.arn, live.invoke_arn
        self.register_outputs({"name": self.name, "live_arn": live.arn})

    def _function(
        self, name: str, args: FunctionArgs, role: aws.iam.Role, needs: Sequence[pulumi.Resource]
    ) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            name,
            name=self.name,
            role=role.arn,
            code=args.build.archives[args.spec.archive],
            handler=args.spec.handler,
            runtime=args.build.runtime,
            architectures=[args.build.architecture],
            memory_size=args.spec.memory_mb,
            timeout=args.spec.timeout_s,
            publish=True,
            reserved_concurrent_executions=args.concurrency,
            environment={"variables": args.environment},
            tracing_config={"mode": "Active"},
            # Without its log group and rights a first call would make a group that is kept for ever, or fail.
            opts=pulumi.ResourceOptions(parent=self, depends_on=needs),
        )

    def _watch(self, args: FunctionArgs, function: aws.lambda_.Function) -> None:
        near_timeout = replace(NEAR_TIMEOUT, at_least=800 * args.spec.timeout_s)
        for symptom in (CRASHES, THROTTLED, near_timeout):
            raise_alarm(
                args.noun,
                symptom,
                args.watch,
                namespace="AWS/Lambda",
                dimensions={"FunctionName": function.name},
                opts=pulumi.ResourceOptions(parent=self),
            )


def _always(log_group_arn: pulumi.Output[str]) -> tuple[Statement, Statement]:
    return (
        Statement(
            sid="WriteLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[pulumi.Output.concat(log_group_arn, ":*")],
        ),
        Statement(
            sid="SendTraces",
            actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            resources=["*"],  # X-Ray has no resource to name here
        ),
    )
