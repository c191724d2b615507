"""Both ways to be somebody at the registry, with AWS credentials that the emulator really checks."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.e2e.clients import AWS, SAM
from tests.support.emulator import archive
from tests.support.stack import PUBLISHER, STRANGER, DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
SDK_ENDPOINT = "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"
USER = "e2e-publisher"
ROLE = "registry-publisher-e2e"
HELPER = Path(sys.executable).with_name("registry-credentials")
SAM_TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Metadata": {
        "AWS::ServerlessRepo::Application": {
            "Name": "e2e-identity-sam",
            "Author": "Ada",
            "Description": "identity",
            "SemanticVersion": "1.0.0",
        }
    },
    "Resources": {
        "Hello": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": "app.py", "Handler": "app.handler", "Runtime": "python3.12"},
        }
    },
}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody's AWS configuration: profiles `own`, `role` and, through the helper, `registry…`."""

    stack: DeployedStack
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE") if name in os.environ}
        return kept | {
            "HOME": str(self.home),
            "AWS_CONFIG_FILE": str(self.home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "SAM_CLI_TELEMETRY": "0",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )

    def client(self, service: str, profile: str, monkeypatch: pytest.MonkeyPatch) -> Any:
        """An ordinary boto3 client of that profile, which says where things are."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        return boto3.Session(profile_name=profile).client(service)


def user_key(stack: DeployedStack, who: str, name: str) -> tuple[str, str]:
    """Access key id and secret of an IAM user that may do everything in its account; made anew."""
    iam = stack.client("iam", who)
    try:
        iam.create_user(UserName=name)
    except iam.exceptions.EntityAlreadyExistsException:
        for old in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=old["AccessKeyId"])
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_user_policy(
        UserName=name,
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def role_arn(stack: DeployedStack) -> str:
    """A role of the publisher's account that its users may assume, allowed everything there."""
    iam = stack.client("iam", PUBLISHER)
    principal = {"AWS": f"arn:aws:iam::{stack.account(PUBLISHER)}:root"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
    iam.put_role_policy(
        RoleName=ROLE,
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    return f"arn:aws:iam::{stack.account(PUBLISHER)}:role/{ROLE}"


def config(stack: DeployedStack, own: tuple[str, str]) -> str:
    """~/.aws/config as docs/identity.md has it."""
    endpoint, region = stack.settings[SDK_ENDPOINT], stack.settings["AWS_REGION"]
    emulator = stack.settings["AWS_ENDPOINT_URL"]
    helper = f"{HELPER} --endpoint {endpoint} --region {region}"
    common = f"region = {region}\nendpoint_url = {emulator}\nservices = registry\n"
    return f"""\
[profile own]
{common}aws_access_key_id = {own[0]}
aws_secret_access_key = {own[1]}
[profile role]
{common}role_arn = {role_arn(stack)}
source_profile = own
[profile registry]
{common}credential_process = {helper} --profile own
[profile registry-role]
{common}credential_process = {helper} --profile role
[profile registry-key]
{common}credential_process = {helper} --profile own --registry-key
[services registry]
serverlessapplicationrepository =
  endpoint_url = {endpoint}
"""


@pytest.fixture
def publisher(stack: DeployedStack, tmp_path: Path) -> Person:
    (tmp_path / "config").write_text(config(stack, user_key(stack, PUBLISHER, USER)))
    return Person(stack=stack, home=tmp_path)


@pytest.fixture
def clean(stack: DeployedStack) -> Iterator[None]:
    with emptied(stack.client("serverlessrepo"), "e2e-identity"):
        yield


def publish(repository: Any, s3: Any, bucket: str, name: str) -> str:
    """A function's code goes to S3 and its application to the registry; the application's id."""
    s3.put_object(Bucket=bucket, Key=f"{name}.zip", Body=archive(app="handler = print"))
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Hello": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Handler": "app.handler",
                    "Runtime": "python3.12",
                    "CodeUri": f"s3://{bucket}/{name}.zip",
                },
            }
        },
    }
    made = repository.create_application(
        Name=name,
        Author="Ada",
        Description="identity",
        SemanticVersion="1.0.0",
        TemplateBody=json.dumps(template),
    )
    return str(made["ApplicationId"])


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("profile", ["registry", "registry-role"])
def test_the_same_aws_credentials_serve_the_registry_and_aws(
    publisher: Person, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    stack = publisher.stack
    s3 = publisher.client("s3", profile, monkeypatch)
    repository = publisher.client("serverlessrepo", profile, monkeypatch)
    bucket = stack.packaging_bucket("e2e-identity")
    application = publish(repository, s3, bucket, f"e2e-identity-{profile}")
    assert f":{stack.account(PUBLISHER)}:applications/" in application
    arn = publisher.client("sts", profile, monkeypatch).get_caller_identity()["Arn"]
    assert (USER if profile == "registry" else f"assumed-role/{ROLE}/") in arn


@pytest.mark.usefixtures("clean")
def test_different_credentials_for_the_registry_and_for_aws(
    publisher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = publisher.client("s3", "own", monkeypatch)
    repository = publisher.client("serverlessrepo", "registry-key", monkeypatch)
    bucket = publisher.stack.packaging_bucket("e2e-identity")
    publish(repository, s3, bucket, "e2e-identity-apart")
    with pytest.raises(ClientError) as refused:
        publisher.client("s3", "registry-key", monkeypatch).list_buckets()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_without_registering_the_same_credentials_are_unknown(
    publisher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClientError) as refused:
        publisher.client("serverlessrepo", "own", monkeypatch).list_applications()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


@pytest.mark.usefixtures("clean")
def test_the_aws_cli_takes_the_profile(publisher: Person) -> None:
    done = publisher.run(str(AWS), "--profile", "registry", "serverlessrepo", "list-applications")
    assert done.returncode == 0, done.stderr
    assert "Applications" in json.loads(done.stdout)


@pytest.mark.usefixtures("clean")
def test_sam_packages_and_publishes_with_the_one_profile(publisher: Person) -> None:
    (publisher.home / "app.py").write_text("def handler(event, context):\n    return 'hello'\n")
    (publisher.home / "template.json").write_text(json.dumps(SAM_TEMPLATE))
    bucket = publisher.stack.packaging_bucket("e2e-identity")
    packaged, profile = str(publisher.home / "packaged.yaml"), ("--profile", "registry")
    for words in (
        ("package", "--template-file", str(publisher.home / "template.json"), "--s3-bucket", bucket,
         "--output-template-file", packaged),
        ("publish", "--template", packaged),
    ):  # fmt: skip
        done = publisher.run(str(SAM), *words, *profile)
        assert done.returncode == 0, done.stderr
    assert "Created new application" in done.stdout


def helper(person: Person, profile: str, *words: str) -> subprocess.CompletedProcess[str]:
    endpoint, region = person.stack.settings[SDK_ENDPOINT], person.stack.settings["AWS_REGION"]
    return person.run(str(HELPER), "--profile", profile, "--endpoint", endpoint, "--region", region, *words)


def test_whom_no_pattern_covers_is_told_so(stack: DeployedStack, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(config(stack, user_key(stack, STRANGER, "e2e-nobody")))
    done = helper(Person(stack=stack, home=tmp_path), "own")
    assert done.returncode == 1
    assert f"covers user/e2e-nobody of account {stack.account(STRANGER)}" in done.stderr


def test_a_secret_that_is_not_the_keys_own_registers_nothing(stack: DeployedStack, tmp_path: Path) -> None:
    access_key_id, _ = user_key(stack, PUBLISHER, USER)
    (tmp_path / "config").write_text(config(stack, (access_key_id, "x" * 40)))
    done = helper(Person(stack=stack, home=tmp_path), "own")
    assert done.returncode == 1
    assert "SignatureDoesNotMatch" in done.stderr
