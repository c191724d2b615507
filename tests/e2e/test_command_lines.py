"""The AWS CLI and SAM CLI, unmodified, each from its own environment."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import CHECKOUT, DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
AWS = CHECKOUT / ".local" / "venvs" / "aws-cli" / "bin" / "aws"
SAM = CHECKOUT / ".local" / "venvs" / "sam-cli" / "bin" / "sam"

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


def run(stack: DeployedStack, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder, env=stack.shell(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def sam_publish(stack: DeployedStack, project: Path, version: str, description: str, *options: str) -> str:
    """`sam package` and `sam publish`; returns what publish printed."""
    (project / "template.yaml").write_text(APPLICATION.format(version=version, description=description))
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
