"""The real engine with this provider: one program from its first preview to its end."""

import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from localcloud.engine import (
    Stack,
    UnexpectedChangesError,
    UpdateFailedError,
    open_stack,
    run_pulumi,
    stack_outputs,
)
from localcloud.engine.running import Command
from localcloud.provider.archive import zip_bytes
from tests.engine.projects import Project, eventually, make_project
from tests.provider.cases import ARCHITECTURE, RUNTIME, text_archive
from tests.provider.conftest import ACCOUNT, REGION

# The first of these tests may have to build the CLI.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(1200)]

PROGRAM = """\
import pulumi
import pulumi_aws as aws

settings = pulumi.Config()
here = pulumi.ResourceOptions(
    provider=aws.Provider(
        "here",
        region="us-east-1",
        allowed_account_ids=["{account}"],
        default_tags={{"tags": {{"release": settings.get("release") or "1"}}}},
    )
)
table = aws.dynamodb.Table(
    "entities",
    name="sar-alpha-entities",
    billing_mode="PAY_PER_REQUEST",
    hash_key=settings.get("key") or "PK",
    attributes=[{{"name": settings.get("key") or "PK", "type": "S"}}],
    opts=here,
)
dead = aws.sqs.Queue("dead", opts=here)
queue = aws.sqs.Queue(
    "changes",
    fifo_queue=settings.get_bool("fifo"),
    visibility_timeout_seconds=settings.get_int("timeout") or 30,
    redrive_policy=None
    if settings.get_bool("fifo")
    else pulumi.Output.json_dumps({{"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3}}),
    opts=here,
)
secret = aws.ssm.Parameter(
    "secret", type="SecureString", value=pulumi.Output.secret("hush"), opts=here
)
role = aws.iam.Role(
    "runs",
    assume_role_policy=pulumi.Output.json_dumps(
        {{
            "Version": "2012-10-17",
            "Statement": {{
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {{"Service": "lambda.amazonaws.com"}},
            }},
        }}
    ),
    opts=here,
)
function = aws.lambda_.Function(
    "answers",
    role=role.arn,
    runtime="{runtime}",
    architectures=["{architecture}"],
    handler="main.handler",
    code=pulumi.AssetArchive(
        {{"main.py": pulumi.StringAsset("answer = " + (settings.get("answer") or "1"))}}
    ),
    environment={{"variables": {{"TABLE": table.name}}}},
    publish=True,
    opts=here,
)
live = aws.lambda_.Alias(
    "live", name="live", function_name=function.arn, function_version=function.version, opts=here
)
caller = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(provider=here.provider))
for name in ("table", "queue", "secret", "function"):
    pulumi.export(name, globals()[name].id)
pulumi.export("account", caller.account_id)
pulumi.export("version", live.function_version)
pulumi.export("url", queue.url)
"""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The program above in a project of its own, against the session's emulator."""

    project: Project

    def stack(self, **config: Any) -> Stack:
        return open_stack(
            self.project.places,
            self.project.toolchain,
            stage="alpha",
            name="alpha-us-east-1",
            variables={
                name: os.environ[name]
                for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            },
            overrides={name if ":" in name else f"registry:{name}": value for name, value in config.items()},
        )

    def run(self, command: Command, *options: str, **config: Any) -> str:
        """What the CLI printed; `config` is the program's."""
        stream = io.StringIO()
        try:
            run_pulumi(self.stack(**config), command, options, stream=stream)
        except UpdateFailedError as error:
            pytest.fail(f"pulumi {command}: {error}\n{stream.getvalue()}")
        return stream.getvalue()

    def steps(self, **config: Any) -> dict[str, str]:
        """What a preview would do to each resource that it would touch, by logical name."""
        seen = json.loads(self.run("preview", "--json", **config))
        return {step["urn"].rpartition("::")[2]: step["op"] for step in seen["steps"] if step["op"] != "same"}

    @property
    def outputs(self) -> dict[str, Any]:
        return stack_outputs(self.stack())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = make_project(tmp_path_factory.mktemp("life") / "checkout")
    made.program(PROGRAM.format(account=ACCOUNT, runtime=RUNTIME, architecture=ARCHITECTURE))
    yield made
    assert eventually(lambda: not made.processes()), "nothing goes on after the engine"


@pytest.fixture
def deployment(project: Project, cloud_environment: None) -> Deployment:
    return Deployment(project=project)


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


RESOURCES = {"here", "entities", "dead", "changes", "secret", "runs", "answers", "live"}


def test_a_program_lives_from_its_first_preview_to_its_end(deployment: Deployment) -> None:
    previewed = deployment.steps()
    assert {name for name, op in previewed.items() if op == "create"} >= RESOURCES
    assert client("dynamodb").list_tables()["TableNames"] == [], "a preview makes nothing"

    printed = deployment.run("up")
    assert "9 created" in printed
    assert "hush" not in printed
    state = next(deployment.project.places.state.glob(".pulumi/stacks/registry/alpha-us-east-1.json"))
    assert "SecureString" in state.read_text()
    assert "hush" not in state.read_text(), "a secret is kept as ciphertext"
    made = deployment.outputs
    assert made["table"] == "sar-alpha-entities"
    assert (made["account"], made["version"]) == (ACCOUNT, "1")

    assert "9 unchanged" in deployment.run("up", "--expect-no-changes")

    _update_in_place(deployment, made)
    _drift(deployment, made)
    _vanish(deployment)
    _replace(deployment, made)

    assert "9 deleted" in deployment.run("destroy", fifo="true", key="owner", timeout="60")
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert not client("sqs").list_queues().get("QueueUrls")


def _update_in_place(deployment: Deployment, made: dict[str, Any]) -> None:
    config = {"timeout": "60", "answer": "2"}
    assert deployment.steps(**config) == {"changes": "update", "answers": "update", "live": "update"}
    assert "3 updated" in deployment.run("up", **config)
    held = client("sqs").get_queue_attributes(QueueUrl=made["queue"], AttributeNames=["All"])["Attributes"]
    assert held["VisibilityTimeout"] == "60"
    assert deployment.outputs["version"] == "2"
    assert "9 unchanged" in deployment.run("up", "--expect-no-changes", **config)
    tagged = deployment.steps(release="2", **config)
    # An alias has no tags; the provider itself has changed.
    assert tagged == dict.fromkeys(RESOURCES - {"live"}, "update")


def _drift(deployment: Deployment, made: dict[str, Any]) -> None:
    """What was changed behind the stack's back is seen by a refresh, and put right by the next update."""
    config = {"timeout": "60", "answer": "2"}
    client("sqs").set_queue_attributes(QueueUrl=made["queue"], Attributes={"VisibilityTimeout": "77"})
    with pytest.raises(UnexpectedChangesError):
        run_pulumi(
            deployment.stack(**config),
            "refresh",
            ("--preview-only", "--expect-no-changes"),
            stream=io.StringIO(),
        )
    assert "1 updated" in deployment.run("refresh", **config)
    assert deployment.steps(**config) == {"changes": "update"}
    deployment.run("up", **config)
    held = client("sqs").get_queue_attributes(QueueUrl=made["queue"], AttributeNames=["All"])["Attributes"]
    assert held["VisibilityTimeout"] == "60"
    assert "9 unchanged" in deployment.run("refresh", "--expect-no-changes", **config)
    assert "9 unchanged" in deployment.run("up", "--expect-no-changes", **config)
    assert deployment.outputs["url"] == made["queue"], "no output is lost by a refresh"

    other = client("lambda").update_function_code(FunctionName=made["function"], ZipFile=_other_code())
    deployment.run("refresh", **config)
    assert deployment.steps(**config)["answers"] == "update"
    deployment.run("up", **config)
    held_code = client("lambda").get_function(FunctionName=made["function"])["Configuration"]
    assert held_code["CodeSha256"] != other["CodeSha256"]


def _other_code() -> bytes:
    return zip_bytes(text_archive(main="answer = 'else'"))


def _vanish(deployment: Deployment) -> None:
    """What is gone from the cloud is made anew."""
    config = {"timeout": "60", "answer": "2"}
    client("dynamodb").delete_table(TableName="sar-alpha-entities")
    assert "1 deleted" in deployment.run("refresh", **config)
    assert deployment.steps(**config)["entities"] == "create"
    deployment.run("up", **config)
    assert client("dynamodb").list_tables()["TableNames"] == ["sar-alpha-entities"]


def _replace(deployment: Deployment, made: dict[str, Any]) -> None:
    """A thing with a name of its own is deleted first; one that the provider named is made anew beside the
    old.
    """
    config = {"timeout": "60", "answer": "2", "key": "owner", "fifo": "true"}
    seen = json.loads(deployment.run("preview", "--json", "--show-replacement-steps", **config))["steps"]
    order = [(step["urn"].rpartition("::")[2], step["op"]) for step in seen]
    assert order.index(("entities", "delete-replaced")) < order.index(("entities", "create-replacement"))
    assert order.index(("changes", "create-replacement")) < order.index(("changes", "delete-replaced"))
    deployment.run("up", **config)
    table = client("dynamodb").describe_table(TableName="sar-alpha-entities")["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["owner"]
    assert deployment.outputs["queue"] != made["queue"]
    assert deployment.outputs["queue"].endswith(".fifo")
    assert "9 unchanged" in deployment.run("up", "--expect-no-changes", **config)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("aws.sqs.Queue('a', name_prefix='x')", "property namePrefix"),
        (
            "aws.sns.PlatformApplication('a', platform='GCM', platform_credential='x')",
            "aws:sns/platformApplication:PlatformApplication is not supported",
        ),
    ],
)
def test_what_is_not_supported_is_refused_at_preview_by_name(
    deployment: Deployment, statement: str, reason: str
) -> None:
    deployment.project.program(f"import pulumi_aws as aws\n{statement}\n")
    stream = io.StringIO()
    with pytest.raises(UpdateFailedError):
        run_pulumi(deployment.stack(**{"aws:region": REGION}), "preview", stream=stream)
    assert reason in stream.getvalue()
    assert "is not supported by the local AWS provider" in stream.getvalue()
