"""A consumer deploys into its own account: by the registry's change set, then with CloudFormation alone."""

import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.service import owner_account
from tests.support.onboarding import onboard
from tests.support.stack import CONSUMER, PUBLISHER, STRANGER, DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("stack")]

SAM = "AWS::Serverless-2016-10-31"
PREFIX = "deployed-"
STACKS = "serverlessrepo-e2e-"


@pytest.fixture(scope="module")
def consumer(stack: DeployedStack) -> str:
    """Onboarded."""
    said = onboard(stack, CONSUMER, owner_account())
    assert said["result"] in ("created", "updated", "unchanged")
    return CONSUMER


@pytest.fixture
def cloudformation(stack: DeployedStack, consumer: str) -> Iterator[Any]:
    """The consumer's own client; no stack of these tests is left behind."""
    client = stack.client("cloudformation", consumer)
    yield client
    for found in client.describe_stacks()["Stacks"]:
        if found["StackName"].startswith(STACKS) and "-Inner-" not in found["StackName"]:
            client.delete_stack(StackName=found["StackId"])


@pytest.fixture
def publish(stack: DeployedStack) -> Iterator[Callable[..., str]]:
    """Publishes and shares with the consumer; the ARN."""
    client = stack.client("serverlessrepo")
    with emptied(client, PREFIX):

        def published(name: str, document: Any, version: str = "1.0.0") -> str:
            about = {"Name": PREFIX + name, "Author": "Ada", "Description": "e2e"}
            body = {"SemanticVersion": version, "TemplateBody": json.dumps(document)}
            arn = str(client.create_application(**about, **body)["ApplicationId"])
            share = {"Actions": ["Deploy"], "Principals": [stack.account(CONSUMER)]}
            client.put_application_policy(ApplicationId=arn, Statements=[share])
            return arn

        yield published


def function(stack: DeployedStack, answer: str) -> Any:
    """A SAM template whose function gives `answer`; its output Name is the function's name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", f"def handler(event, context):\n    return {answer!r}\n")
    bucket = stack.packaging_bucket("deployed")
    stack.client("s3").put_object(Bucket=bucket, Key=f"{answer}.zip", Body=content.getvalue())
    properties = {
        "CodeUri": f"s3://{bucket}/{answer}.zip",
        "Handler": "app.handler",
        "Runtime": "python3.11",
    }
    return {
        "Transform": SAM,
        "Resources": {"Hello": {"Type": "AWS::Serverless::Function", "Properties": properties}},
        "Outputs": {"Name": {"Value": {"Ref": "Hello"}}},
    }


def executed(cloudformation: Any, made: Any) -> Any:
    """The stack, once its change set is executed by whoever `cloudformation` is."""
    found = cloudformation.describe_change_set(ChangeSetName=made["ChangeSetId"])
    assert found["Status"] == "CREATE_COMPLETE", found.get("StatusReason")
    cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    end = time.monotonic() + 120
    while time.monotonic() < end:
        [stack] = cloudformation.describe_stacks(StackName=made["StackId"])["Stacks"]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), stack
            return stack
        time.sleep(0.2)  # between two looks; the loop waits for the state itself
    raise AssertionError("the stack did not come to an end")


def answered(stack: DeployedStack, name: str) -> Any:
    """What the deployed function says to the consumer."""
    answer = stack.client("lambda", CONSUMER).invoke(FunctionName=name)
    return json.loads(answer["Payload"].read())


def output(found: Any, key: str) -> str:
    return next(one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == key)


def test_a_shared_application_is_found_deployed_and_updated_by_the_consumer(
    stack: DeployedStack, consumer: str, cloudformation: Any, publish: Callable[..., str]
) -> None:
    app = publish("hello", function(stack, "first"))
    repo = stack.client("serverlessrepo", consumer)
    assert repo.get_application(ApplicationId=app)["Version"]["SemanticVersion"] == "1.0.0"
    made = repo.create_cloud_formation_change_set(ApplicationId=app, StackName="e2e-hello")
    found = executed(cloudformation, made)
    assert found["StackName"] == f"{STACKS}hello"
    assert f":{stack.account(consumer)}:" in found["StackId"]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {
        "serverlessrepo:applicationId": app,
        "serverlessrepo:semanticVersion": "1.0.0",
    }
    name = output(found, "Name")
    assert answered(stack, name) == "first"

    stack.client("serverlessrepo").create_application_version(
        ApplicationId=app,
        SemanticVersion="2.0.0",
        TemplateBody=json.dumps(function(stack, "second")),
    )
    made = repo.create_cloud_formation_change_set(ApplicationId=app, StackName="e2e-hello")
    assert made["SemanticVersion"] == "2.0.0"
    found = executed(cloudformation, made)
    assert found["StackStatus"] == "UPDATE_COMPLETE"
    assert output(found, "Name") == name
    assert answered(stack, name) == "second"


def test_an_update_that_changes_nothing_gives_cloudformations_failed_change_set(
    stack: DeployedStack, consumer: str, cloudformation: Any, publish: Callable[..., str]
) -> None:
    app = publish("same", {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    repo = stack.client("serverlessrepo", consumer)
    executed(cloudformation, repo.create_cloud_formation_change_set(ApplicationId=app, StackName="e2e-same"))
    made = repo.create_cloud_formation_change_set(ApplicationId=app, StackName="e2e-same")
    found = cloudformation.describe_change_set(ChangeSetName=made["ChangeSetId"])
    assert found["Status"] == "FAILED"
    assert "didn't contain changes" in found["StatusReason"]


def test_a_nested_application_is_deployed_with_its_code_and_tags(
    stack: DeployedStack, consumer: str, cloudformation: Any, publish: Callable[..., str]
) -> None:
    inner = publish("inner", function(stack, "inside"))
    location = {"ApplicationId": inner, "SemanticVersion": "1.0.0"}
    app = publish(
        "outer",
        {
            "Transform": SAM,
            "Resources": {
                "Inner": {"Type": "AWS::Serverless::Application", "Properties": {"Location": location}}
            },
            "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Name"]}}},
        },
    )
    repo = stack.client("serverlessrepo", consumer)
    made = repo.create_cloud_formation_change_set(
        ApplicationId=app, StackName="e2e-outer", Capabilities=["CAPABILITY_AUTO_EXPAND"]
    )
    found = executed(cloudformation, made)
    assert answered(stack, output(found, "Name")) == "inside"
    resource = cloudformation.describe_stack_resource(StackName=made["StackId"], LogicalResourceId="Inner")
    nested_id = resource["StackResourceDetail"]["PhysicalResourceId"]
    [nested] = cloudformation.describe_stacks(StackName=nested_id)["Stacks"]
    tags = {tag["Key"]: tag["Value"] for tag in nested["Tags"]}
    assert tags["serverlessrepo:applicationId"] == inner
    assert tags["serverlessrepo:semanticVersion"] == "1.0.0"


def test_a_template_is_fetched_without_a_signature_and_its_objects_by_its_own_account_alone(
    stack: DeployedStack, consumer: str, publish: Callable[..., str]
) -> None:
    app = publish("template", function(stack, "code"))
    made = stack.client("serverlessrepo", consumer).create_cloud_formation_template(ApplicationId=app)
    assert made["Status"] == "ACTIVE"
    with urllib.request.urlopen(made["TemplateUrl"], timeout=10) as answer:
        document = json.loads(answer.read())
    uri = document["Resources"]["Hello"]["Properties"]["CodeUri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    assert key.startswith(f"deploy/{stack.account(consumer)}/sha256/")
    content = stack.client("s3", consumer).get_object(Bucket=bucket, Key=key)["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["app.py"]
    for other in (PUBLISHER, STRANGER):
        with pytest.raises(ClientError, match="AccessDenied"):
            stack.client("s3", other).get_object(Bucket=bucket, Key=key)


def test_what_was_left_preparing_is_finished_by_the_queues_worker(
    stack: DeployedStack, consumer: str, publish: Callable[..., str]
) -> None:
    app = publish("slow", function(stack, "slow"))
    repo = stack.client("serverlessrepo", consumer)
    made = repo.create_cloud_formation_template(ApplicationId=app)
    owner = owner_account()
    s3, dynamodb = stack.owner_client("s3", owner), stack.owner_client("dynamodb", owner)
    bucket = f"sar-alpha-assets-{owner}-{stack.settings['AWS_REGION']}"
    pages = dynamodb.get_paginator("scan").paginate(TableName="sar-alpha-entities")
    items = (item for page in pages for item in page["Items"])
    item = next(one for one in items if one["SK"]["S"] == f"TEMPLATE#{made['TemplateId']}")
    copy = f"deploy/{stack.account(consumer)}/sha256/{item['assets']['L'][0]['S']}"
    s3.delete_object(Bucket=bucket, Key=copy)
    left = "00000000-0000-4000-8000-000000000001"  # as if the function had run out of time
    item |= {"SK": {"S": f"TEMPLATE#{left}"}, "status": {"S": "PREPARING"}}
    dynamodb.put_item(TableName="sar-alpha-entities", Item=item)
    end = time.monotonic() + 90
    while repo.get_cloud_formation_template(ApplicationId=app, TemplateId=left)["Status"] != "ACTIVE":
        assert time.monotonic() < end, "still PREPARING"
        time.sleep(0.2)  # between two looks; the loop waits for the state itself
    assert s3.head_object(Bucket=bucket, Key=copy)["ContentLength"] > 0


def test_an_account_without_the_role_is_told_what_to_do(stack: DeployedStack) -> None:
    client = stack.client("serverlessrepo", STRANGER)
    with emptied(client, PREFIX):
        app = client.create_application(
            Name=f"{PREFIX}own",
            Author="Ada",
            Description="e2e",
            SemanticVersion="1.0.0",
            TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}",
        )["ApplicationId"]
        with pytest.raises(ClientError) as refusal:
            client.create_cloud_formation_change_set(ApplicationId=app, StackName="e2e-own")
    answer = refusal.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["Error"]["Code"] == "ForbiddenException"
    command = f"`registry onboard --stage alpha --region us-east-1 --account {stack.account(STRANGER)}`"
    assert command in answer["Error"]["Message"]


def test_what_cloudformation_refuses_comes_back_in_its_own_words(
    stack: DeployedStack, consumer: str, cloudformation: Any, publish: Callable[..., str]
) -> None:
    document = {
        "Parameters": {"Needed": {"Type": "String"}},
        "Resources": {"Q": {"Type": "AWS::SQS::Queue"}},
    }
    app = publish("parameter", document)
    repo = stack.client("serverlessrepo", consumer)
    with pytest.raises(ClientError, match=r"refused the change set: .*Needed") as refusal:
        repo.create_cloud_formation_change_set(ApplicationId=app, StackName="e2e-parameter")
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
