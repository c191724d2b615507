"""CreateCloudFormationChangeSet, by an unmodified boto3, against CloudFormation in moto."""

import hashlib
import json
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from registry.errors import Unavailable
from registry.services.preparing import Preparing
from registry.stores.cloudformation import create_change_set
from tests.deploying.conftest import EXTERNAL_ID, AwsCalls, client_of
from tests.deploying.publishing import function, nesting, publish, queue
from tests.support.entities import BUCKET, CONSUMER, PUBLISHER, REGION, TABLE
from tests.wire.asking import CODE, refused
from tests.wire.service import READ_ONLY, Service

pytestmark = pytest.mark.wire

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "mine", "AssumeRolePolicyDocument": {}}}
PERMISSION = {"Type": "AWS::Lambda::Permission", "Properties": {}}
TOPIC = f"arn:aws:sns:{REGION}:{PUBLISHER}:topic"
ALARM = f"arn:aws:cloudwatch:{REGION}:{PUBLISHER}:alarm:a"


def change_set(repo: Any, app: str, **members: Any) -> Any:
    return repo.create_cloud_formation_change_set(**{"ApplicationId": app, "StackName": "mine", **members})


def test_a_change_set_appears_in_the_callers_account_and_can_be_executed_there(
    repo: Any, cloudformation: Any, onboarded: str
) -> None:
    app = publish(repo, "hello", queue())
    made = change_set(repo, app)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["ApplicationId"], made["SemanticVersion"]) == (app, "1.0.0")
    assert f":{onboarded}:stack/serverlessrepo-mine/" in made["StackId"]
    found = cloudformation.describe_change_set(ChangeSetName=made["ChangeSetId"])
    assert found["StackName"] == "serverlessrepo-mine"
    cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    [stack] = cloudformation.describe_stacks(StackName="serverlessrepo-mine")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {tag["Key"]: tag["Value"] for tag in stack["Tags"]} == {
        "serverlessrepo:applicationId": app,
        "serverlessrepo:semanticVersion": "1.0.0",
    }


def test_an_existing_stack_is_updated_by_the_same_name(
    repo: Any, cloudformation: Any, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", queue())
    repo.create_application_version(ApplicationId=app, SemanticVersion="2.0.0", TemplateBody=queue("Other"))
    made = change_set(repo, app, SemanticVersion="1.0.0")
    cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"])
    change_set(repo, app, SemanticVersion="2.0.0")
    kinds = [one["ChangeSetType"] for one in aws_calls.of("CreateChangeSet")]
    assert kinds == ["CREATE", "UPDATE"]


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (None, "CREATE"),
        ("REVIEW_IN_PROGRESS", "CREATE"),
        ("CREATE_COMPLETE", "UPDATE"),
        ("ROLLBACK_COMPLETE", "UPDATE"),  # which CloudFormation refuses, saying why
    ],
)
def test_a_stack_that_is_only_being_reviewed_is_yet_to_be_created(found: str | None, kind: str) -> None:
    client = mock.Mock()
    client.create_change_set.return_value = {"Id": "change-set", "StackId": "stack"}
    client.describe_stacks.return_value = {"Stacks": [{"StackStatus": found}]}
    if found is None:
        answer: Any = {"Error": {"Code": "ValidationError", "Message": "Stack with id s does not exist"}}
        client.describe_stacks.side_effect = ClientError(answer, "DescribeStacks")
    assert create_change_set(client, {"StackName": "s"}) == ("change-set", "stack")
    client.create_change_set.assert_called_once_with(StackName="s", ChangeSetType=kind)


def test_every_member_reaches_cloudformation(repo: Any, onboarded: str, aws_calls: AwsCalls) -> None:
    client_of(onboarded, "sns").create_topic(Name=TOPIC.rpartition(":")[2])
    body = json.loads(queue()) | {"Parameters": {"P": {"Type": "String"}}}
    app = publish(repo, "hello", json.dumps(body))
    change_set(
        repo,
        app,
        ChangeSetName="first",
        ClientToken="token",
        Description="why",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"],
        NotificationArns=[TOPIC],
        ParameterOverrides=[{"Name": "P", "Value": "v"}],
        ResourceTypes=["AWS::SQS::*"],
        RollbackConfiguration={
            "MonitoringTimeInMinutes": 0,
            "RollbackTriggers": [{"Arn": ALARM, "Type": "AWS::CloudWatch::Alarm"}],
        },
        Tags=[{"Key": "team", "Value": "a"}],
    )
    [asked] = aws_calls.of("CreateChangeSet")
    url = asked.pop("TemplateURL")
    assert url.startswith(f"https://{BUCKET}.s3.{REGION}.amazonaws.com/deploy/{PUBLISHER}/templates/")
    assert "?" not in url
    assert asked == {
        "StackName": "serverlessrepo-mine",
        "ChangeSetType": "CREATE",
        "ChangeSetName": "first",
        "ClientToken": "token",
        "Description": "why",
        "Capabilities": ["CAPABILITY_IAM"],
        "NotificationARNs": [TOPIC],
        "Parameters": [{"ParameterKey": "P", "ParameterValue": "v"}],
        "ResourceTypes": ["AWS::SQS::*"],
        "RollbackConfiguration": {
            "MonitoringTimeInMinutes": 0,
            "RollbackTriggers": [{"Arn": ALARM, "Type": "AWS::CloudWatch::Alarm"}],
        },
        "Tags": [
            {"Key": "serverlessrepo:applicationId", "Value": app},
            {"Key": "serverlessrepo:semanticVersion", "Value": "1.0.0"},
            {"Key": "team", "Value": "a"},
        ],
    }


def test_the_role_is_assumed_for_one_stack_in_the_verified_callers_account(
    repo: Any, onboarded: str, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", queue())
    change_set(repo, app)
    [asked] = [one for one in aws_calls.of("AssumeRole") if "ExternalId" in one]
    assert asked["RoleArn"] == f"arn:aws:iam::{PUBLISHER}:role/serverless-registry-deployment"
    assert asked["ExternalId"] == EXTERNAL_ID
    assert asked["RoleSessionName"] == asked["SourceIdentity"] == "user-tester"
    assert asked["DurationSeconds"] == 900
    assert len(asked["Policy"]) < 2048
    statements = json.loads(asked["Policy"])["Statement"]
    actions = {action for one in statements for action in one["Action"]}
    assert actions == {
        "cloudformation:CreateChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStacks",
        "cloudformation:TagResource",
        "s3:GetObject",
        "ssm:GetParameters",
    }
    assert [one["Resource"] for one in statements][:3] == [
        f"arn:aws:cloudformation:{REGION}:{PUBLISHER}:stack/serverlessrepo-mine/*",
        "arn:aws:cloudformation:*:aws:transform/*",
        f"arn:aws:s3:::{BUCKET}/deploy/{PUBLISHER}/*",
    ]


def test_an_account_that_was_never_onboarded_is_told_how(
    service: Service, repo: Any, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", function(service))
    status, kind, message = refused(change_set, repo=repo, app=app)
    assert (status, kind) == (403, "ForbiddenException")
    assert f"registry onboard --stage alpha --region {REGION} --account {PUBLISHER}`" in message
    assert aws_calls.of("AssumeRole") == []
    assert service.aws["s3"].list_objects_v2(Bucket=BUCKET, Prefix="deploy/")["KeyCount"] == 0


def test_a_role_that_is_missing_or_does_not_trust_is_told_alike(
    repo: Any, onboarded: str, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", queue())
    aws_calls.faults["AssumeRole"] = ("AccessDenied", "is not authorized to perform: sts:AssumeRole")
    status, kind, message = refused(change_set, repo=repo, app=app)
    assert (status, kind) == (403, "ForbiddenException")
    assert "the role serverless-registry-deployment is missing there or does not trust" in message


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        ("ValidationError", 400, "BadRequestException", "refused the change set: Why not"),
        ("AlreadyExistsException", 400, "BadRequestException", "refused the change set: Why not"),
        ("InsufficientCapabilitiesException", 400, "BadRequestException", "Why not"),
        ("LimitExceededException", 400, "BadRequestException", "Why not"),
        ("AccessDenied", 403, "ForbiddenException", "lacks a right: Why not"),
        ("Throttling", 429, "TooManyRequestsException", "Rate exceeded"),
        ("InternalFailure", 500, "InternalServerErrorException", "Internal failure"),
    ],
)
def test_what_cloudformation_refuses_is_handed_back(
    repo: Any, onboarded: str, aws_calls: AwsCalls, code: str, status: int, kind: str, words: str
) -> None:
    app = publish(repo, "hello", queue())
    aws_calls.faults["CreateChangeSet"] = (code, "Why not")
    answer = refused(change_set, repo=repo, app=app)
    assert answer[:2] == (status, kind)
    assert words in answer[2]


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ([], "CAPABILITY_NAMED_IAM, CAPABILITY_RESOURCE_POLICY"),
        (["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"], "CAPABILITY_NAMED_IAM"),
        (["CAPABILITY_NAMED_IAM"], "CAPABILITY_RESOURCE_POLICY"),
        (["CAPABILITY_NAMED_IAM", "CAPABILITY_RESOURCE_POLICY"], None),
    ],
)
def test_required_capabilities_must_be_given(
    repo: Any, onboarded: str, aws_calls: AwsCalls, given: list[str], lacking: str | None
) -> None:
    app = publish(repo, "hello", json.dumps({"Resources": {"R": ROLE, "P": PERMISSION}}))
    template = repo.create_cloud_formation_template(ApplicationId=app)["TemplateId"]
    for more in ({}, {"TemplateId": template}):
        if lacking is None:
            change_set(repo, app, Capabilities=given, **more)
            assert aws_calls.of("CreateChangeSet")[-1]["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
        else:
            status, kind, message = refused(change_set, repo=repo, app=app, Capabilities=given, **more)
            assert (status, kind) == (400, "BadRequestException")
            assert message.endswith(f"[{lacking}]")


def test_the_capabilities_of_nested_applications_count(
    repo: Any, onboarded: str, aws_calls: AwsCalls
) -> None:
    inner = publish(repo, "inner", json.dumps({"Resources": {"R": ROLE}}))
    app = publish(repo, "outer", nesting(inner))
    message = refused(change_set, repo=repo, app=app, Capabilities=["CAPABILITY_IAM"])[2]
    assert message.endswith("[CAPABILITY_AUTO_EXPAND, CAPABILITY_NAMED_IAM]")


def test_roles_that_sam_makes_need_no_word_of_the_consumers(
    service: Service, repo: Any, onboarded: str, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", function(service))
    with mock.patch("registry.services.changesets.create_change_set", return_value=("c", "s")) as asked:
        change_set(repo, app)
    assert asked.call_args.args[1]["Capabilities"] == ["CAPABILITY_IAM"]


def test_a_change_set_is_made_of_a_template_that_was_made_before(
    service: Service, repo: Any, onboarded: str, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", queue())
    template = repo.create_cloud_formation_template(ApplicationId=app)
    repo.create_application_version(ApplicationId=app, SemanticVersion="2.0.0", TemplateBody=queue("Other"))
    made = change_set(repo, app, TemplateId=template["TemplateId"])
    assert made["SemanticVersion"] == "1.0.0"
    key = aws_calls.of("CreateChangeSet")[0]["TemplateURL"].partition("amazonaws.com/")[2]
    assert key in template["TemplateUrl"]
    change_set(repo, app, TemplateId=template["TemplateId"], SemanticVersion="1.0.0")
    status, kind, message = refused(
        change_set, repo=repo, app=app, TemplateId=template["TemplateId"], SemanticVersion="2.0.0"
    )
    assert (status, kind) == (400, "BadRequestException")
    assert "is of version 1.0.0, semanticVersion is 2.0.0" in message


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"validUntil": "2026-01-01T00:00:00.000Z"}, 400, "expired at 2026-01-01T00:00:00.000Z"),
        ({"account": CONSUMER}, 404, "does not have a template"),
    ],
)
def test_an_expired_or_foreign_template_makes_no_change_set(
    service: Service,
    repo: Any,
    onboarded: str,
    aws_calls: AwsCalls,
    changed: dict[str, str],
    status: int,
    words: str,
) -> None:
    app = publish(repo, "hello", queue())
    template = repo.create_cloud_formation_template(ApplicationId=app)["TemplateId"]
    for item in service.aws["dynamodb"].scan(TableName=TABLE)["Items"]:
        if item["SK"]["S"] == f"TEMPLATE#{template}":
            values = {name: {"S": value} for name, value in changed.items()}
            service.aws["dynamodb"].put_item(TableName=TABLE, Item=item | values)
    answer = refused(change_set, repo=repo, app=app, TemplateId=template)
    assert answer[0] == status
    assert words in answer[2]
    assert aws_calls.of("CreateChangeSet") == []


def test_a_template_that_is_still_preparing_is_finished_first(
    service: Service, repo: Any, onboarded: str, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", function(service))
    with mock.patch.object(Preparing, "copy_assets", side_effect=Unavailable("slow")):
        template = repo.create_cloud_formation_template(ApplicationId=app)["TemplateId"]
        answer = refused(change_set, repo=repo, app=app, TemplateId=template)
        assert answer[:2] == (503, "ServiceUnavailableException")
        assert refused(change_set, repo=repo, app=app)[0] == 503
    assert aws_calls.of("CreateChangeSet") == []
    with mock.patch("registry.services.changesets.create_change_set", return_value=("c", "s")):
        change_set(repo, app, TemplateId=template)
    got = repo.get_cloud_formation_template(ApplicationId=app, TemplateId=template)
    assert got["Status"] == "ACTIVE"
    copy = f"deploy/{PUBLISHER}/sha256/{hashlib.sha256(CODE).hexdigest()}"
    assert service.aws["s3"].get_object(Bucket=BUCKET, Key=copy)["Body"].read() == CODE


def test_names_are_made_up_anew_except_for_a_repeated_token(
    repo: Any, onboarded: str, aws_calls: AwsCalls
) -> None:
    app = publish(repo, "hello", queue())
    for token in ({}, {}, {"ClientToken": "t"}, {"ClientToken": "t"}):
        change_set(repo, app, **token)
    names = [one["ChangeSetName"] for one in aws_calls.of("CreateChangeSet")]
    assert len(set(names)) == 3
    assert names[2] == names[3]


def test_strangers_and_readers_make_no_change_sets(service: Service, repo: Any, onboarded: str) -> None:
    app = publish(repo, "hello", queue())
    for who in (CONSUMER, READ_ONLY):
        denied = refused(change_set, repo=service.client(who), app=app)
        assert denied[:2] == (403, "AccessDeniedException")
        absent = refused(change_set, repo=service.client(who), app=app.replace("hello", "none"))
        assert absent[2] == denied[2].replace("hello", "none")
