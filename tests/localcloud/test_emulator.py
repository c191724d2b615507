"""What the registry relies on in the emulator: policies, owners, TLS conditions, Lambda's own interpreter."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.emulator import LocalServices, archive, create_function, create_role

pytestmark = pytest.mark.e2e
REGISTRY, PUBLISHER = "111111111111", "222222222222"
ROLE = "emulator-test"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def as_role(services: LocalServices, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A client with a fresh role of the registry's account that may do what the given statements say."""
    iam = services.client("iam", REGISTRY)

    def client(service: str, *allowed: str, condition: dict[str, Any] | None = None) -> Any:
        name = f"r-{abs(hash((request.node.name, service, allowed, str(condition))))}"
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{REGISTRY}:root"},
            "Action": "sts:AssumeRole",
        }
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        if allowed:
            policy = document(
                {"Effect": "Allow", "Action": list(allowed), "Resource": "*", "Condition": condition or {}}
            )
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        sts = services.client("sts", REGISTRY)
        keys = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            endpoint_url=services.places.emulator_url,
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return client


@pytest.fixture(scope="module")
def buckets(services: LocalServices) -> tuple[str, str]:
    """The registry's bucket, and the publisher's with one object that the registry may read."""
    ours, theirs = services.client("s3", REGISTRY), services.client("s3", PUBLISHER)
    ours.create_bucket(Bucket="emulator-test-ours")
    theirs.create_bucket(Bucket="emulator-test-theirs")
    theirs.put_object(Bucket="emulator-test-theirs", Key="code.zip", Body=b"PK\x03\x04 code")
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{REGISTRY}:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::emulator-test-theirs/*",
    }
    theirs.put_bucket_policy(Bucket="emulator-test-theirs", Policy=document(allow))
    return "emulator-test-ours", "emulator-test-theirs"


def code_of(refusal: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refusal.value.response["Error"]["Code"])


def test_a_role_may_do_what_its_policies_say_and_no_more(as_role: Callable[..., Any]) -> None:
    assert as_role("dynamodb", "dynamodb:ListTables").list_tables()["TableNames"] == []
    with pytest.raises(ClientError) as refusal:
        as_role("dynamodb", "dynamodb:DescribeTable").list_tables()
    assert code_of(refusal) == "AccessDeniedException"


def test_another_accounts_bucket_is_closed_until_its_policy_opens_it(
    services: LocalServices, as_role: Callable[..., Any]
) -> None:
    theirs = services.client("s3", PUBLISHER)
    theirs.create_bucket(Bucket="emulator-test-closed")
    theirs.put_object(Bucket="emulator-test-closed", Key="k", Body=b"secret")
    with pytest.raises(ClientError) as refusal:
        as_role("s3", "s3:*").get_object(Bucket="emulator-test-closed", Key="k")
    assert code_of(refusal) == "AccessDenied"


def test_an_object_of_another_account_is_copied_whole(
    as_role: Callable[..., Any], buckets: tuple[str, str]
) -> None:
    ours, theirs = buckets
    s3 = as_role("s3", "s3:GetObject", "s3:PutObject")
    s3.copy_object(
        Bucket=ours,
        Key="copy",
        CopySource={"Bucket": theirs, "Key": "code.zip"},
        ExpectedBucketOwner=REGISTRY,
        ExpectedSourceBucketOwner=PUBLISHER,
        ChecksumAlgorithm="SHA256",
    )
    assert s3.get_object(Bucket=ours, Key="copy")["Body"].read() == b"PK\x03\x04 code"


def test_a_right_for_other_accounts_buckets_opens_none_of_the_own_account(
    as_role: Callable[..., Any], buckets: tuple[str, str]
) -> None:
    ours, theirs = buckets
    condition = {"StringNotEquals": {"s3:ResourceAccount": REGISTRY}}
    s3 = as_role("s3", "s3:GetObject", condition=condition)
    assert s3.get_object(Bucket=theirs, Key="code.zip")["Body"].read() == b"PK\x03\x04 code"
    as_role("s3", "s3:PutObject").put_object(Bucket=ours, Key="state", Body=b"own")
    with pytest.raises(ClientError) as refusal:
        s3.get_object(Bucket=ours, Key="state")
    assert code_of(refusal) == "AccessDenied"


@pytest.mark.parametrize("owners", [(PUBLISHER, PUBLISHER), (REGISTRY, REGISTRY)])
def test_a_copy_with_another_owner_than_expected_is_refused(
    as_role: Callable[..., Any], buckets: tuple[str, str], owners: tuple[str, str]
) -> None:
    ours, theirs = buckets
    with pytest.raises(ClientError) as refusal:
        as_role("s3", "s3:*").copy_object(
            Bucket=ours,
            Key="refused",
            CopySource={"Bucket": theirs, "Key": "code.zip"},
            ExpectedBucketOwner=owners[0],
            ExpectedSourceBucketOwner=owners[1],
        )
    assert code_of(refusal) == "AccessDenied"


def test_a_read_with_another_owner_than_expected_is_refused(
    as_role: Callable[..., Any], buckets: tuple[str, str]
) -> None:
    s3 = as_role("s3", "s3:*")
    where = {"Bucket": buckets[1], "Key": "code.zip"}
    assert s3.get_object(**where, ExpectedBucketOwner=PUBLISHER)["ContentLength"] == 9
    for call in (s3.get_object, s3.head_object):
        with pytest.raises(ClientError) as refusal:
            call(**where, ExpectedBucketOwner=REGISTRY)
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_loopback_counts_as_tls_for_bucket_policies(
    services: LocalServices, as_role: Callable[..., Any]
) -> None:
    owner = services.client("s3", REGISTRY)
    owner.create_bucket(Bucket="emulator-test-tls")
    owner.put_object(Bucket="emulator-test-tls", Key="k", Body=b"x")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::emulator-test-tls/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    owner.put_bucket_policy(Bucket="emulator-test-tls", Policy=document(deny))
    s3 = as_role("s3", "s3:GetObject")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "emulator-test-tls", "Key": "k"})
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == b"x"


def test_a_function_runs_with_its_archive_and_the_standard_library_alone(services: LocalServices) -> None:
    source = """
import os, sys
def handler(event, context):
    print("printed")
    try:
        import ministack
    except ImportError:
        ministack = None
    return {"emulator": ministack is not None, "path": sys.path, "environment": dict(os.environ)}
"""
    functions = services.client("lambda", REGISTRY)
    role = create_role(services.client("iam", REGISTRY), ROLE)
    create_function(
        functions, "bare", role, archive(bare=source), Environment={"Variables": {"LOG_LEVEL": "DEBUG"}}
    )
    answer = json.loads(functions.invoke(FunctionName="bare", Qualifier="live")["Payload"].read())
    assert not answer["emulator"]
    assert not [path for path in answer["path"] if "site-packages" in path]
    environment = answer["environment"]
    assert environment["LOG_LEVEL"] == "DEBUG"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA"), "the role's own session"
    assert not environment.keys() & {"STATE_DIR", "AUTH", "GATEWAY_PORT", "PYTHONPATH", "BIND_HOST"}
    events = services.client("logs", REGISTRY).filter_log_events(logGroupName="/aws/lambda/bare")["events"]
    said = [event["message"].split()[0] for event in events]
    assert said == ["START", "printed", "END", "REPORT"]
