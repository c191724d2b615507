"""Pulumi's resource and data source of the service, by the real engine and the local provider.

The provider stands in for the stock one, so the requests are also held against the Terraform provider's own
source (`internal/service/serverlessrepo`): see `test_terraform.py`.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.engine import UpdateFailedError, open_stack, run_pulumi, stack_outputs
from localcloud.engine.running import Command
from tests.e2e.service import owner_account
from tests.engine.projects import eventually, make_project
from tests.support.onboarding import onboard
from tests.support.stack import CONSUMER, DeployedStack, emptied

# The first of these tests may have to build the CLI.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

TEMPLATE = """
Parameters: {Seconds: {Type: Number, Default: 60}}
Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: !Ref Seconds}}}
Outputs: {Url: {Value: !Ref Queue}}
"""
PROGRAM = """
import pulumi
import pulumi_aws as aws

settings = pulumi.Config("registry")
provider = aws.Provider("consumer", region="us-east-1", endpoints=[{{"serverlessrepo": "{endpoint}"}}])
found = aws.serverlessrepository.get_application_output(
    application_id="{application}",
    semantic_version=settings.require("version"),
    opts=pulumi.InvokeOptions(provider=provider),
)
made = aws.serverlessrepository.CloudFormationStack(
    "queue",
    name="e2e-pulumi",
    application_id=found.application_id,
    semantic_version=found.semantic_version,
    capabilities=found.required_capabilities,
    parameters={{"Seconds": settings.require("seconds")}},
    opts=pulumi.ResourceOptions(provider=provider),
)
pulumi.export("stack", made.id)
pulumi.export("url", made.outputs["Url"])
pulumi.export("version", made.semantic_version)
"""


@pytest.fixture
def application(stack: DeployedStack) -> Iterator[str]:
    """Two versions, shared with the consumer, who is onboarded."""
    onboard(stack, CONSUMER, owner_account())
    client = stack.client("serverlessrepo")
    with emptied(client, "pulumi-"):
        arn = client.create_application(
            Name="pulumi-queue", Author="Ada", Description="d", SemanticVersion="1.0.0", TemplateBody=TEMPLATE
        )["ApplicationId"]
        client.create_application_version(
            ApplicationId=arn,
            SemanticVersion="1.1.0",
            TemplateBody=TEMPLATE.replace("Outputs:", "Description: newer\nOutputs:"),
        )
        share = {"Actions": ["Deploy"], "Principals": [stack.account(CONSUMER)]}
        client.put_application_policy(ApplicationId=arn, Statements=[share])
        yield arn


@pytest.fixture
def pulumi(stack: DeployedStack, application: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Runs a command with these settings of the program; its outputs."""
    project = make_project(tmp_path / "checkout")
    endpoint = stack.settings["AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"]
    project.program(PROGRAM.format(endpoint=endpoint, application=application))
    shell = stack.shell(CONSUMER)
    names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")

    def run(command: Command, *options: str, **config: str) -> Any:
        opened = open_stack(
            project.places, project.toolchain, stage="alpha", name="alpha-us-east-1",
            variables={name: shell[name] for name in names},
            overrides={f"registry:{name}": value for name, value in config.items()},
        )  # fmt: skip
        said = io.StringIO()
        try:
            run_pulumi(opened, command, options, stream=said)
        except UpdateFailedError as error:
            pytest.fail(f"pulumi {command}: {error}\n{said.getvalue()}")
        return stack_outputs(opened)

    yield run
    assert eventually(lambda: not project.processes()), "nothing goes on after the engine"


def test_a_program_deploys_updates_and_removes_an_application(
    stack: DeployedStack, pulumi: Callable[..., Any]
) -> None:
    cloudformation = stack.client("cloudformation", CONSUMER)
    sqs = stack.client("sqs", CONSUMER)

    def retention(url: str) -> str:
        asked = {"QueueUrl": url, "AttributeNames": ["MessageRetentionPeriod"]}
        return str(sqs.get_queue_attributes(**asked)["Attributes"]["MessageRetentionPeriod"])

    made = pulumi("up", version="1.0.0", seconds="120")
    assert (made["version"], retention(made["url"])) == ("1.0.0", "120")
    [found] = cloudformation.describe_stacks(StackName="serverlessrepo-e2e-pulumi")["Stacks"]
    assert found["StackId"] == made["stack"]
    pulumi("preview", "--expect-no-changes", version="1.0.0", seconds="120")
    changed = pulumi("up", version="1.1.0", seconds="180")
    assert (changed["stack"], changed["version"]) == (made["stack"], "1.1.0")
    assert retention(changed["url"]) == "180"
    pulumi("destroy", version="1.1.0", seconds="180")
    names = [
        one["StackName"]
        for one in cloudformation.describe_stacks()["Stacks"]
        if one["StackStatus"] != "DELETE_COMPLETE"
    ]
    assert "serverlessrepo-e2e-pulumi" not in names
