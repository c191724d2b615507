"""The `serverlessrepo` library and aws-sam-translator, unmodified, each from its own environment."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients import run_python
from tests.support.stack import CONSUMER, STRANGER, DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
PUBLISH = """
import json, sys
from serverlessrepo import publish_application
from serverlessrepo.exceptions import ServerlessRepoError
try:
    print(json.dumps(publish_application(json.load(sys.stdin))))
except ServerlessRepoError as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
"""
SHARE = """
import json, sys, boto3
import serverlessrepo
asked = json.load(sys.stdin)
serverlessrepo.share_application_with_accounts(asked["id"], asked["accounts"])
shared = boto3.client("serverlessrepo").get_application_policy(ApplicationId=asked["id"])["Statements"]
serverlessrepo.make_application_private(asked["id"])
private = boto3.client("serverlessrepo").get_application_policy(ApplicationId=asked["id"])["Statements"]
print(json.dumps({"shared": shared, "private": private}))
"""
TRANSLATE = """
import json, sys
from samtranslator.parser.parser import Parser
from samtranslator.plugins.application.serverless_app_plugin import ServerlessAppPlugin
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.translator import Translator
plugin = ServerlessAppPlugin(wait_for_template_active_status=True)
plugin.SLEEP_TIME_SECONDS = 0.1
translator = Translator({}, Parser(), plugins=[plugin])
try:
    print(json.dumps(translator.translate(json.load(sys.stdin), {})))
except InvalidDocumentException as refused:
    print(json.dumps({"errors": [str(cause.message) for cause in refused.causes]}))
"""


@pytest.fixture
def registry(stack: DeployedStack) -> Iterator[Any]:
    client = stack.client("serverlessrepo")
    with emptied(client, "lib-"):
        yield client


def template(name: str, version: str | None = "1.0.0", **more: Any) -> dict[str, Any]:
    about = {"Name": name, "Author": "Ada", "Description": "by the library", **more}
    if version:
        about["SemanticVersion"] = version
    return {**QUEUE, "Metadata": {"AWS::ServerlessRepo::Application": about}}


def test_the_library_creates_updates_and_adds_versions(
    stack: DeployedStack, registry: Any, tmp_path: Path
) -> None:
    def publish(said: dict[str, Any]) -> Any:
        return run_python(stack, tmp_path, "serverlessrepo-lib", PUBLISH, said)

    made = publish(template("lib-hello", Labels=["a"], HomePageUrl="https://example.com"))
    assert made["actions"] == ["CREATE_APPLICATION"]
    arn = made["application_id"]
    again = publish(template("lib-hello", "1.1.0", Author="Grace"))
    assert (again["application_id"], again["actions"]) == (
        arn,
        ["UPDATE_APPLICATION", "CREATE_APPLICATION_VERSION"],
    )
    # A version that is there already is swallowed by the library, whatever it holds.
    changed = template("lib-hello", "1.1.0") | {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    assert publish(changed)["actions"] == ["UPDATE_APPLICATION"]
    got = registry.get_application(ApplicationId=arn)
    assert (got["Author"], got["Version"]["SemanticVersion"], got["Labels"]) == ("Ada", "1.1.0", ["a"])
    assert publish(template("lib-bare", None))["actions"] == ["CREATE_APPLICATION"]


def test_the_library_tells_faults_apart(stack: DeployedStack, registry: Any, tmp_path: Path) -> None:
    bucket = stack.packaging_bucket("theirs", CONSUMER)
    closed = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            }
        ],
    }
    stack.client("s3", CONSUMER).put_bucket_policy(Bucket=bucket, Policy=json.dumps(closed))
    properties = {"Handler": "a.b", "Runtime": "python3.11"}

    def publish(code: str) -> Any:
        function = {"Type": "AWS::Serverless::Function", "Properties": {**properties, "CodeUri": code}}
        said = template("lib-faults") | {"Resources": {"F": function}}
        return run_python(stack, tmp_path, "serverlessrepo-lib", PUBLISH, said)

    denied = publish(f"s3://{bucket}/code.zip")
    assert denied["error"] == "S3PermissionsRequired"
    assert f"bucket '{bucket}'" in denied["message"] or bucket in denied["message"]
    assert publish("./src")["error"] == "InvalidS3UriError"


def test_the_library_shares_and_makes_private(stack: DeployedStack, registry: Any, tmp_path: Path) -> None:
    arn = registry.create_application(Name="lib-share", Author="Ada", Description="d")["ApplicationId"]
    said = {"id": arn, "accounts": [stack.account(CONSUMER)]}
    got = run_python(stack, tmp_path, "serverlessrepo-lib", SHARE, said)
    [statement] = got["shared"]
    assert (statement["Actions"], statement["Principals"]) == (["Deploy"], [stack.account(CONSUMER)])
    assert got["private"] == []


def test_sam_translator_resolves_a_nested_application_through_the_registry(
    stack: DeployedStack, registry: Any, tmp_path: Path
) -> None:
    inner = registry.create_application(
        Name="lib-inner", Author="Ada", Description="d", SemanticVersion="1.0.0",
        TemplateBody=json.dumps(QUEUE),
    )["ApplicationId"]  # fmt: skip
    registry.put_application_policy(
        ApplicationId=inner, Statements=[{"Actions": ["Deploy"], "Principals": [stack.account(CONSUMER)]}]
    )

    def translate(version: str, who: str) -> Any:
        location = {"ApplicationId": inner, "SemanticVersion": version}
        outer = {
            "Resources": {
                "Inner": {"Type": "AWS::Serverless::Application", "Properties": {"Location": location}}
            }
        }
        return run_python(stack, tmp_path, "sam-translator", TRANSLATE, outer, who)

    nested = translate("1.0.0", CONSUMER)["Resources"]["Inner"]
    assert nested["Type"] == "AWS::CloudFormation::Stack"
    assert nested["Properties"]["TemplateURL"].startswith("http")
    assert {tag["Key"]: tag["Value"] for tag in nested["Properties"]["Tags"]} == {
        "lambda:createdBy": "SAM",
        "serverlessrepo:applicationId": inner,
        "serverlessrepo:semanticVersion": "1.0.0",
    }
    # Both are errors in the template to it, not faults that end the transformation.
    [missing] = translate("9.9.9", CONSUMER)["errors"]
    assert f"Application {inner} does not have a version 9.9.9" in missing
    [denied] = translate("1.0.0", STRANGER)["errors"]
    assert "is not authorized to perform: serverlessrepo:CreateCloudFormationTemplate" in denied
