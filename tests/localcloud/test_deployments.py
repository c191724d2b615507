"""What deployments into other accounts rely on in the emulator: roles, policies, CloudFormation's reading."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from registry_cli.bucket_policy import statement
from registry_cli.stage import Stage
from tests.support.emulator import LocalServices, archive

pytestmark = pytest.mark.e2e

REGISTRY, CONSUMER, STRANGER = "111111111111", "222222222222", "333333333333"
BUCKET = "deployments-test"
INNER = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Hello": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": f"s3://{BUCKET}/deploy/{CONSUMER}/code.zip",
                "Handler": "app.handler",
                "Runtime": "python3.11",
            },
        }
    },
    "Outputs": {"Name": {"Value": {"Ref": "Hello"}}},
}


@pytest.fixture(scope="module")
def bucket(services: LocalServices) -> str:
    """The registry's bucket, where each account may read what is under its own prefix."""
    s3 = services.client("s3", REGISTRY)
    s3.create_bucket(Bucket=BUCKET)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in (CONSUMER, STRANGER)]},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/deploy/${{aws:PrincipalAccount}}/*",
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=_document(statement))
    prefix = f"deploy/{CONSUMER}/"
    s3.put_object(
        Bucket=BUCKET, Key=f"{prefix}code.zip", Body=archive(app="def handler(e, c):\n    return 'hello'\n")
    )
    inner = f"{services.places.emulator_url}/{BUCKET}/{prefix}inner.json"
    outer = {
        "Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": inner}}},
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Name"]}}},
    }
    for name, document in (("inner", INNER), ("outer", outer)):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}{name}.json", Body=json.dumps(document).encode())
    return BUCKET


def test_each_account_reads_its_own_prefix_alone(services: LocalServices, bucket: str) -> None:
    own = services.client("s3", CONSUMER).get_object(Bucket=bucket, Key=f"deploy/{CONSUMER}/inner.json")
    assert json.loads(own["Body"].read()) == INNER
    with pytest.raises(ClientError, match="AccessDenied"):
        services.client("s3", STRANGER).get_object(Bucket=bucket, Key=f"deploy/{CONSUMER}/inner.json")


def test_stacks_read_templates_and_code_of_another_account_and_nested_ones_run_their_transforms(
    services: LocalServices, bucket: str
) -> None:
    url = f"{services.places.emulator_url}/{bucket}/deploy/{CONSUMER}/outer.json"
    asked: dict[str, Any] = {"StackName": "outer", "TemplateURL": url}
    asked["Capabilities"] = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    client = services.client("cloudformation", CONSUMER)
    client.create_stack(**asked)
    client.get_waiter("stack_create_complete").wait(StackName="outer", WaiterConfig={"Delay": 1})
    [stack] = client.describe_stacks(StackName="outer")["Stacks"]
    name = stack["Outputs"][0]["OutputValue"]
    answer = services.client("lambda", CONSUMER).invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()) == "hello"
    with pytest.raises(ClientError, match="not found"):
        services.client("cloudformation", STRANGER).create_stack(**asked)


def test_a_trust_policy_sees_the_role_that_asks_and_not_its_session(services: LocalServices) -> None:
    iam = services.client("iam", REGISTRY)
    for name in ("asks", "asks-too"):
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_trust(REGISTRY))
        rights = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=_document(rights))
        assert made["Role"]["Arn"] == f"arn:aws:iam::{REGISTRY}:role/{name}"
    condition = {
        "StringEquals": {"sts:ExternalId": "xx"},
        "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{REGISTRY}:role/ask?"},
    }
    target = services.client("iam", CONSUMER).create_role(
        RoleName="entered", AssumeRolePolicyDocument=_trust(REGISTRY, condition)
    )["Role"]["Arn"]
    assert _enter(services, "asks", target, "xx").endswith(f"{CONSUMER}:assumed-role/entered/me")
    for role, external_id in (("asks", "yy"), ("asks-too", "xx")):
        with pytest.raises(ClientError, match="AccessDenied"):
            _enter(services, role, target, external_id)


def test_a_publishers_bucket_opens_to_one_role_by_the_statement_that_operators_are_given(
    services: LocalServices,
) -> None:
    iam = services.client("iam", REGISTRY)
    for name in ("sar-alpha-sdk-api-us-east-1", "sar-alpha-other"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_trust(REGISTRY))
        rights = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=_document(rights))
    s3 = services.client("s3", CONSUMER)
    s3.create_bucket(Bucket="publishers-bucket")
    s3.put_object(Bucket="publishers-bucket", Key="code.zip", Body=b"code")
    stage = Stage(name="alpha", region="us-east-1")
    said = statement("publishers-bucket", stage=stage, owner=REGISTRY)
    s3.put_bucket_policy(Bucket="publishers-bucket", Policy=_document(said))
    ask = {"Bucket": "publishers-bucket", "Key": "code.zip"}
    api = _session(services, "sar-alpha-sdk-api-us-east-1").client(
        "s3", endpoint_url=services.places.emulator_url
    )
    assert api.get_object(**ask)["Body"].read() == b"code"
    other = _session(services, "sar-alpha-other").client("s3", endpoint_url=services.places.emulator_url)
    with pytest.raises(ClientError, match="AccessDenied"):
        other.get_object(**ask)


def _enter(services: LocalServices, role: str, target: str, external_id: str) -> str:
    """From a session of `role`; the ARN of the session that came of it."""
    sts = _session(services, role).client("sts", endpoint_url=services.places.emulator_url)
    made = sts.assume_role(
        RoleArn=target, RoleSessionName="me", ExternalId=external_id, SourceIdentity="somebody"
    )
    return str(made["AssumedRoleUser"]["Arn"])


def _session(services: LocalServices, role: str) -> boto3.Session:
    keys = services.client("sts", REGISTRY).assume_role(
        RoleArn=f"arn:aws:iam::{REGISTRY}:role/{role}", RoleSessionName="me"
    )["Credentials"]
    return boto3.Session(
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def _trust(account: str, condition: Any = None) -> str:
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
            "Condition": condition or {},
        }
    )


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
