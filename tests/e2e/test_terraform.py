"""What the Terraform provider sends and insists on, step by step as its source has it, by boto3.

Source: hashicorp/terraform-provider-aws, internal/service/serverlessrepo/{cloudformation_stack,find,
application_data_source}.go. Terraform's own binary is in no package registry (docs/unproven-on-aws.md).
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.service import owner_account
from tests.support.onboarding import onboard
from tests.support.stack import CONSUMER, DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

NAME = "e2e-terraform"
TEMPLATE = """
Parameters: {Seconds: {Type: Number, Default: 60}, Delay: {Type: Number, Default: 0}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {MessageRetentionPeriod: !Ref Seconds, DelaySeconds: !Ref Delay}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument: {Version: '2012-10-17', Statement: []}
Outputs: {Url: {Value: !Ref Queue}}
"""


@pytest.fixture
def application(stack: DeployedStack) -> Iterator[str]:
    onboard(stack, CONSUMER, owner_account())
    client = stack.client("serverlessrepo")
    with emptied(client, "terraform-"):
        arn = client.create_application(
            Name="terraform-queue", Author="Ada", Description="d", SemanticVersion="1.0.0",
            TemplateBody=TEMPLATE, SourceCodeUrl="https://example.com/source",
        )["ApplicationId"]  # fmt: skip
        share = {"Actions": ["Deploy"], "Principals": [stack.account(CONSUMER)]}
        client.put_application_policy(ApplicationId=arn, Statements=[share])
        yield arn


@pytest.fixture
def cloudformation(stack: DeployedStack) -> Iterator[Any]:
    client = stack.client("cloudformation", CONSUMER)
    yield client
    client.delete_stack(StackName=f"serverlessrepo-{NAME}")


def test_the_resources_life(stack: DeployedStack, application: str, cloudformation: Any) -> None:
    repo = stack.client("serverlessrepo", CONSUMER)
    # createCloudFormationChangeSet: always these four members, tags even when there are none.
    asked = {
        "StackName": NAME, "ApplicationId": application, "Capabilities": ["CAPABILITY_RESOURCE_POLICY"],
        "Tags": [], "ParameterOverrides": [{"Name": "Seconds", "Value": "120"}],
    }  # fmt: skip
    made = repo.create_cloud_formation_change_set(**asked)
    # WaitChangeSetCreated asks by both ids; execution is by the change set's id alone.
    described = cloudformation.describe_change_set(
        StackName=made["StackId"], ChangeSetName=made["ChangeSetId"]
    )
    assert described["Status"] == "CREATE_COMPLETE"
    cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"], ClientRequestToken="token-1")
    # Read: the stack by its id, its name without the prefix, both tags or it fails hard.
    [found] = cloudformation.describe_stacks(StackName=made["StackId"])["Stacks"]
    assert found["StackName"].removeprefix("serverlessrepo-") == NAME
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert tags["serverlessrepo:applicationId"] == application
    version = tags["serverlessrepo:semanticVersion"]
    got = repo.get_application(ApplicationId=application, SemanticVersion=version)["Version"]
    # Parameters are those that differ from the version's defaults, compared as texts.
    defaults = {one["Name"]: one.get("DefaultValue", "") for one in got["ParameterDefinitions"]}
    given = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    assert {name: value for name, value in given.items() if value != defaults[name]} == {"Seconds": "120"}
    # The repository's own capability is added to CloudFormation's, which never holds it.
    assert "CAPABILITY_RESOURCE_POLICY" not in found.get("Capabilities", [])
    assert "CAPABILITY_RESOURCE_POLICY" in got["RequiredCapabilities"]
    # An update is another change set of the same name.
    changed = {
        **asked,
        "SemanticVersion": version,
        "ParameterOverrides": [{"Name": "Seconds", "Value": "90"}],
    }
    again = repo.create_cloud_formation_change_set(**changed)
    assert again["StackId"] == made["StackId"]


def test_the_data_source(stack: DeployedStack, application: str) -> None:
    """`output.Version` is read without a look whether it is there."""
    got = stack.client("serverlessrepo", CONSUMER).get_application(ApplicationId=application)
    version = got["Version"]
    assert (got["Name"], version["SemanticVersion"]) == ("terraform-queue", "1.0.0")
    assert version["SourceCodeUrl"] == "https://example.com/source"
    assert version["TemplateUrl"].startswith("http")
    assert version["RequiredCapabilities"] == ["CAPABILITY_RESOURCE_POLICY"]
