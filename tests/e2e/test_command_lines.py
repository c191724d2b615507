"""The AWS CLI and SAM CLI, unmodified, each from its own environment."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import AWS, SAM, run
from tests.support.stack import DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

APPLICATION = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Metadata:
  AWS::ServerlessRepo::Application:
    Name: cli-hello
    Description: {description}
    Author: Ada
    SpdxLicenseId: Apache-2.0
    LicenseUrl: LICENSE.txt
    ReadmeUrl: README.md
    Labels: [greeting]
    HomePageUrl: https://example.com
    SemanticVersion: {version}
    SourceCodeUrl: https://example.com/source
Parameters:
  Greeting:
    Type: String
    Default: hello
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.11
      Environment:
        Variables:
          GREETING: !Ref Greeting
"""


@pytest.fixture
def project(tmp_path: Path, stack: DeployedStack) -> Iterator[Path]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("def handler(event, context):\n    return 'hello'\n")
    (tmp_path / "LICENSE.txt").write_text("Apache License 2.0\n")
    (tmp_path / "README.md").write_text("# Hello\n")
    with emptied(stack.client("serverlessrepo"), "cli-"):
        yield tmp_path


def sam_publish(stack: DeployedStack, project: Path, version: str, description: str, *options: str) -> str:
    """`sam package` and `sam publish`; returns exit status and what publish printed."""
    return publish_template(
        stack, project, APPLICATION.format(version=version, description=description), *options
    )


def publish_template(stack: DeployedStack, project: Path, template: str, *options: str) -> str:
    (project / "template.yaml").write_text(template)
    bucket = stack.packaging_bucket("cli-packages")
    packaged = run(
        stack, project, SAM, "package", "--template-file", "template.yaml", "--s3-bucket", bucket,
        "--output-template-file", "packaged.yaml",
    )  # fmt: skip
    assert packaged.returncode == 0, packaged.stderr
    published = run(stack, project, SAM, "publish", "--template", "packaged.yaml", *options)
    return f"{published.returncode}\n{published.stdout}\n{published.stderr}"


def test_sam_publish_makes_updates_and_reports_a_taken_version(stack: DeployedStack, project: Path) -> None:
    assert "Created new application" in sam_publish(stack, project, "1.0.0", "first")
    assert "has been updated" in sam_publish(stack, project, "1.1.0", "second")
    application = f"arn:aws:serverlessrepo:us-east-1:{stack.account('PUBLISHER')}:applications/cli-hello"
    got = stack.client("serverlessrepo").get_application(ApplicationId=application)
    assert (got["Description"], got["Version"]["SemanticVersion"]) == ("second", "1.1.0")
    refused = sam_publish(stack, project, "1.1.0", "third", "--fail-on-same-version")
    assert refused.startswith("1\n")
    assert "1.1.0" in refused


def test_sam_publish_takes_a_version_by_option_and_swallows_one_that_is_there(
    stack: DeployedStack, project: Path
) -> None:
    assert sam_publish(stack, project, "1.0.0", "first", "--semantic-version", "2.0.0").startswith("0\n")
    application = f"arn:aws:serverlessrepo:us-east-1:{stack.account('PUBLISHER')}:applications/cli-hello"
    client = stack.client("serverlessrepo")

    def versions() -> list[str]:
        listed = client.list_application_versions(ApplicationId=application)["Versions"]
        return [one["SemanticVersion"] for one in listed]

    assert versions() == ["2.0.0"]
    again = sam_publish(stack, project, "2.0.0", "changed")
    assert again.startswith("0\n")
    assert versions() == ["2.0.0"]
    assert client.get_application(ApplicationId=application)["Description"] == "changed"
    assert sam_publish(stack, project, "2.1.0", "third", "--fail-on-same-version").startswith("0\n")
    assert versions() == ["2.0.0", "2.1.0"]


@pytest.mark.parametrize(
    ("line", "missing"), [("    Author: Ada\n", "author"), ("    Name: cli-hello\n", "name")]
)
def test_sam_publish_without_a_required_entry_of_the_metadata_names_it(
    stack: DeployedStack, project: Path, line: str, missing: str
) -> None:
    template = APPLICATION.format(version="1.0.0", description="first")
    assert line in template
    said = publish_template(stack, project, template.replace(line, ""))
    assert said.startswith("1\n")
    assert missing in said.lower()
    listed = stack.client("serverlessrepo").list_applications()["Applications"]
    assert [one["Name"] for one in listed if one["Name"].startswith("cli-")] == []


def test_sam_publish_of_an_unpackaged_template_says_to_package_it(
    stack: DeployedStack, project: Path
) -> None:
    (project / "template.yaml").write_text(APPLICATION.format(version="1.0.0", description="first"))
    published = run(stack, project, SAM, "publish", "--template", "template.yaml")
    assert published.returncode == 1
    assert "uploaded application artifacts to S3" in published.stderr


def test_the_aws_cli_creates_reads_lists_and_deletes(stack: DeployedStack, project: Path) -> None:
    made = run(
        stack, project, AWS, "serverlessrepo", "create-application", "--name", "cli-aws", "--author", "Ada",
        "--description", "from the AWS CLI", "--semantic-version", "0.1.0",
        "--template-body", "Resources: {Q: {Type: 'AWS::SQS::Queue'}}",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    application = json.loads(made.stdout)["ApplicationId"]
    got = run(stack, project, AWS, "serverlessrepo", "get-application", "--application-id", application)
    assert json.loads(got.stdout)["Version"]["SemanticVersion"] == "0.1.0"
    listed = run(stack, project, AWS, "serverlessrepo", "list-applications")
    assert application in {one["ApplicationId"] for one in json.loads(listed.stdout)["Applications"]}
    deleted = run(
        stack, project, AWS, "serverlessrepo", "delete-application", "--application-id", application
    )
    assert deleted.returncode == 0
    gone = run(stack, project, AWS, "serverlessrepo", "get-application", "--application-id", application)
    assert gone.returncode != 0
    assert "NotFoundException" in gone.stderr


def test_the_aws_cli_shares_pages_and_makes_templates(stack: DeployedStack, project: Path) -> None:
    def aws(operation: str, *words: str) -> Any:
        done = run(stack, project, AWS, "serverlessrepo", operation, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    template = "Resources: {Q: {Type: 'AWS::SQS::Queue'}}"
    about = ("--author", "Ada", "--description", "d")
    names = ("cli-a", "cli-b")
    made = [
        aws(
            "create-application", "--name", name, *about, "--semantic-version", "1.0.0", "--template-body",
            template,
        )["ApplicationId"]
        for name in names
    ]  # fmt: skip
    listed = aws("list-applications", "--page-size", "1")["Applications"]
    assert [one["Name"] for one in listed if one["Name"] in names] == list(names)
    account = stack.account("CONSUMER")
    put = aws(
        "put-application-policy", "--application-id", made[0], "--statements",
        f"Principals={account},Actions=Deploy,StatementId=consumer",
    )  # fmt: skip
    said = [{"Actions": ["Deploy"], "Principals": [account], "StatementId": "consumer"}]
    assert [{name: one[name] for name in said[0]} for one in put["Statements"]] == said
    assert aws("get-application-policy", "--application-id", made[0]) == put
    details = aws("create-cloud-formation-template", "--application-id", made[0])
    again = aws(
        "get-cloud-formation-template", "--application-id", made[0], "--template-id", details["TemplateId"]
    )
    assert again["Status"] in ("PREPARING", "ACTIVE")
    assert (again["SemanticVersion"], again["ExpirationTime"]) == ("1.0.0", details["ExpirationTime"])
    assert aws("list-application-dependencies", "--application-id", made[0])["Dependencies"] == []
