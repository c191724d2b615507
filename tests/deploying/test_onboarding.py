"""`registry onboard` and `registry publisher-bucket-policy` against moto."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from registry.stores.deployments import DeploymentStore
from registry_cli.main import main
from tests.deploying.conftest import client_of
from tests.support.entities import CONSUMER, REGION, TABLE, create_entity_table

pytestmark = pytest.mark.unit

OPERATOR = "123456789012"  # the account that moto gives to keys it does not know
AT = ("--stage", "alpha", "--region", REGION)
ONBOARD = ("onboard", *AT, "--account", CONSUMER)


@pytest.fixture(autouse=True)
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("dynamodb", REGION)
        create_entity_table(client)
        yield client


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A profile of the consumer's account."""
    role = f"arn:aws:iam::{CONSUMER}:role/administrator"
    keys = boto3.client("sts", REGION).assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    lines = (
        "[consumer]",
        f"aws_access_key_id={keys['AccessKeyId']}",
        f"aws_secret_access_key={keys['SecretAccessKey']}",
        f"aws_session_token={keys['SessionToken']}",
    )
    (tmp_path / "credentials").write_text("\n".join(lines))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return "consumer"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_account_has_one_external_id_for_good(capsys: pytest.CaptureFixture[str], dynamodb: Any) -> None:
    first = said(capsys, *ONBOARD)
    assert len(first["externalId"]) == 32
    assert said(capsys, *ONBOARD) == first
    assert DeploymentStore(dynamodb, table=TABLE).external_id(CONSUMER) == first["externalId"]
    other = said(capsys, "onboard", *AT, "--account", "333333333333")
    assert other["externalId"] != first["externalId"]


def test_the_role_trusts_one_function_of_one_stage_under_the_external_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = said(capsys, *ONBOARD, "--external-id", "from-another-region")
    role = shown["template"]["Resources"]["Role"]["Properties"]
    assert role["RoleName"] == "serverless-registry-deployment"
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OPERATOR}:root"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {
            "StringEquals": {"sts:ExternalId": "from-another-region"},
            "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OPERATOR}:role/sar-alpha-sdk-api-*"},
        },
    }


def test_the_role_may_make_change_sets_of_the_registrys_stacks_and_never_execute_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    role = said(capsys, *ONBOARD)["template"]["Resources"]["Role"]["Properties"]
    [policy] = role["Policies"]
    allowed = {
        (action, one["Resource"]) for one in policy["PolicyDocument"]["Statement"] for action in one["Action"]
    }
    stacks = f"arn:aws:cloudformation:*:{CONSUMER}:stack/serverlessrepo-*/*"
    assert allowed == {
        ("cloudformation:CreateChangeSet", stacks),
        ("cloudformation:DescribeChangeSet", stacks),
        ("cloudformation:DescribeStacks", stacks),
        ("cloudformation:TagResource", stacks),
        ("cloudformation:CreateChangeSet", "arn:aws:cloudformation:*:aws:transform/*"),
        ("s3:GetObject", f"arn:aws:s3:::sar-alpha-assets-{OPERATOR}-*/deploy/{CONSUMER}/*"),
        ("ssm:GetParameters", "*"),
    }


def test_another_external_id_for_the_same_account_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    kept = said(capsys, *ONBOARD)["externalId"]
    assert main([*ONBOARD, "--external-id", "another"]) == 1
    assert f"already: {kept}" in capsys.readouterr().err


def test_what_is_printed_can_be_saved_and_launched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ONBOARD]) == 0
    template, _, command = capsys.readouterr().out.partition("\n\n")
    client_of(CONSUMER, "cloudformation").create_stack(
        StackName="by-hand", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert client_of(CONSUMER, "iam").get_role(RoleName="serverless-registry-deployment")
    assert "aws cloudformation deploy --stack-name serverless-registry-deployment" in command


def test_apply_creates_the_role_in_the_consumers_account_and_then_leaves_it(
    capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    apply = (*ONBOARD, "--apply", "--profile", profile)
    assert said(capsys, *apply)["result"] == "created"
    role = client_of(CONSUMER, "iam").get_role(RoleName="serverless-registry-deployment")["Role"]
    assert role["Arn"].startswith(f"arn:aws:iam::{CONSUMER}:")
    assert said(capsys, *apply)["result"] in ("unchanged", "updated")  # moto updates what is the same


def test_credentials_of_another_account_are_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], profile: str, dynamodb: Any
) -> None:
    words = ("onboard", *AT, "--account", "333333333333", "--apply", "--profile", profile)
    assert main(words) == 1
    assert f"profile {profile} is of account {CONSUMER}, not 333333333333" in capsys.readouterr().err
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--apply",), "--apply and --profile go together"),
        (("--profile", "consumer"), "--apply and --profile go together"),
        (("--apply", "--profile", "nobody"), "(nobody) could not be found: name the consumer's profile"),
    ],
)
def test_half_an_order_is_refused(
    capsys: pytest.CaptureFixture[str], profile: str, words: tuple[str, ...], told: str
) -> None:
    assert main([*ONBOARD, *words]) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("onboard", *AT, "--account", "22222222222"),
        ("onboard", *AT, "--account", CONSUMER, "--external-id", "x"),
        ("onboard", *AT, "--account", CONSUMER, "--external-id", "a b"),
        ("publisher-bucket-policy", *AT, "s3://bucket"),
        ("publisher-bucket-policy", *AT, "ab"),
    ],
)
def test_what_is_no_account_id_or_bucket_is_wrong_usage(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2


def test_a_stage_that_is_not_deployed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["onboard", "--stage", "beta", "--region", REGION, "--account", CONSUMER]) == 1
    assert "stage beta is not deployed in us-east-1" in capsys.readouterr().err


def test_a_publishers_bucket_lets_one_function_read_its_objects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publisher-bucket-policy", *AT, "my-packages"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "Sid": "ServerlessRegistryAlpha",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OPERATOR}:root"},
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": "arn:aws:s3:::my-packages/*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OPERATOR}:role/sar-alpha-sdk-api-*"}},
    }
