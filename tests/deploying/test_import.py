"""`registry import`: AWS's repository by botocore's stubber, the registry's own side in moto."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from registry.domain.arns import ApplicationArn
from registry.errors import NotFound, Unavailable
from registry.stores.applications import ApplicationStore
from registry_cli.import_aws import Import, _publishing
from registry_cli.import_source import AwsRepository
from registry_cli.main import main
from registry_cli.stage import Stage
from tests.support.entities import PUBLISHER, REGION, TABLE, create_entity_table

pytestmark = pytest.mark.unit

AWS = "arn:aws:serverlessrepo:eu-west-1:444444444444:applications/hello"
OWN = f"arn:aws:serverlessrepo:{REGION}:{PUBLISHER}:applications/hello"
OPERATOR = "123456789012"
ASSETS = f"sar-alpha-assets-{OPERATOR}-{REGION}"
CODE = b"PK\x03\x04 code of AWS's"
FUNCTION = {
    "Type": "AWS::Serverless::Function",
    "Properties": {"CodeUri": "s3://awsserverlessrepo-changesets-x/code.zip", "Handler": "a.b"},
}
INNER = {
    "Type": "AWS::Serverless::Application",
    "Properties": {
        "Location": {
            "ApplicationId": AWS.replace("hello", "inner"),
            "SemanticVersion": "1.0.0",
        }
    },
}


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        create_entity_table(boto3.client("dynamodb", REGION))
        s3 = boto3.client("s3", REGION)
        for bucket in (ASSETS, "awsserverlessrepo-changesets-x"):
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="awsserverlessrepo-changesets-x", Key="code.zip", Body=CODE)
        yield


class Source:
    """AWS's repository. `texts`: what lies at which address."""

    def __init__(self) -> None:
        self.client = boto3.client("serverlessrepo", "eu-west-1")
        self.stub = Stubber(self.client)
        self.texts = {"https://licence": "MIT", "https://readme": "# Hello"}
        self.waited: list[float] = []

    def has(self, newest: str, arn: str = AWS) -> None:
        about = {
            "ApplicationId": arn,
            "Author": "AWS",
            "Description": "says hello",
            "Name": arn.rpartition("/")[2],
            "Labels": ["hello"],
            "SpdxLicenseId": "MIT",
            "LicenseUrl": "https://licence",
            "ReadmeUrl": "https://readme",
            "HomePageUrl": "https://home",
            "Version": self._version(newest, arn),
        }
        self.stub.add_response("get_application", about, {"ApplicationId": arn})

    def lists(self, *numbers: str) -> None:
        summaries = [
            {"ApplicationId": AWS, "CreationTime": "2020", "SemanticVersion": number} for number in numbers
        ]
        self.stub.add_response("list_application_versions", {"Versions": summaries}, {"ApplicationId": AWS})

    def gives(self, number: str, *statuses: str, arn: str = AWS, **resources: Any) -> None:
        url = f"https://template/{number}"
        self.texts[url] = json.dumps({"Resources": resources or {"F": FUNCTION}})
        which = {"ApplicationId": arn, "SemanticVersion": number}
        first, *later = statuses or ("ACTIVE",)
        details = {"TemplateId": "t", "TemplateUrl": url}
        self.stub.add_response("create_cloud_formation_template", {**details, "Status": first}, which)
        for status in later:
            self.stub.add_response(
                "get_cloud_formation_template",
                {**details, "Status": status},
                {"ApplicationId": arn, "TemplateId": "t"},
            )
        if "PREPARING" not in (first, *later)[-1:]:
            about = {"ApplicationId": arn, "Version": self._version(number, arn)}
            self.stub.add_response("get_application", about, which)

    def _version(self, number: str, arn: str) -> dict[str, Any]:
        return {
            "ApplicationId": arn,
            "CreationTime": "2020",
            "ParameterDefinitions": [],
            "RequiredCapabilities": [],
            "ResourcesSupported": True,
            "SemanticVersion": number,
            "SourceCodeUrl": f"https://source/{number}",
            "TemplateUrl": "https://ignored",
        }

    def imported(self, arn: str = AWS, *, only_newest: bool = True) -> list[tuple[str, str]]:
        stage = Stage(name="alpha", region=REGION)
        importing = Import(
            repository=AwsRepository(
                client=self.client, read=self.texts.__getitem__, wait=self.waited.append
            ),
            publishing=_publishing(stage, boto3.client("s3", "eu-west-1")),
            account=PUBLISHER,
            region=REGION,
        )
        with self.stub:
            rows = importing.application(ApplicationArn.parse(arn), only_newest=only_newest)
        self.stub.assert_no_pending_responses()
        return [(row["version"], row["result"]) for row in rows]


def stored() -> ApplicationStore:
    return ApplicationStore(boto3.client("dynamodb", REGION), table=TABLE, partition="aws", region=REGION)


def test_the_newest_version_comes_with_its_metadata_and_code() -> None:
    source = Source()
    source.has("1.2.0")
    source.gives("1.2.0", "PREPARING", "PREPARING", "ACTIVE")
    assert source.imported() == [("1.2.0", "published")]
    assert len(source.waited) == 2
    application = stored().find(ApplicationArn.parse(OWN))
    assert application is not None
    assert (application.author, application.labels, application.spdx_license_id) == ("AWS", ("hello",), "MIT")
    version = stored().find_version(application.id, "1.2.0")
    assert version is not None
    assert version.source_code_url == "https://source/1.2.0"
    [digest] = version.asset_digests
    s3 = boto3.client("s3", REGION)
    assert s3.get_object(Bucket=ASSETS, Key=f"blobs/sha256/{digest}")["Body"].read() == CODE
    for key, text in ((application.license_digest, b"MIT"), (application.readme_digest, b"# Hello")):
        assert s3.get_object(Bucket=ASSETS, Key=f"documents/sha256/{key}")["Body"].read() == text


def test_all_versions_come_and_a_second_run_changes_nothing() -> None:
    for expected in ("published", "published"):  # the same content again is the stored version
        source = Source()
        source.has("1.1.0")
        source.lists("1.0.0", "1.1.0")
        for number in ("1.0.0", "1.1.0"):
            source.gives(number)
        assert source.imported(only_newest=False) == [("1.0.0", expected), ("1.1.0", expected)]
    application = stored().find(ApplicationArn.parse(OWN))
    assert application is not None
    page = stored().list_versions(application.id, limit=10, after=None)
    assert [one.semantic_version for one in page.entities] == ["1.0.0", "1.1.0"]


def test_a_version_that_says_something_else_here_is_left_alone() -> None:
    for resources, expected in (({}, "published"), ({"Q": {"Type": "AWS::SQS::Queue"}}, "there")):
        source = Source()
        source.has("1.0.0")
        source.gives("1.0.0", **resources)
        assert source.imported() == [("1.0.0", expected)]


def test_nested_applications_are_those_imported_before() -> None:
    outer, inner = AWS.replace("hello", "outer"), AWS.replace("hello", "inner")
    source = Source()
    source.has("1.0.0", arn=outer)
    source.gives("1.0.0", arn=outer, Inner=INNER)
    with pytest.raises(NotFound, match=f"{PUBLISHER}:applications/inner does not exist"):
        source.imported(outer)
    for arn, resources in ((inner, {}), (outer, {"Inner": INNER})):
        source = Source()
        source.has("1.0.0", arn=arn)
        source.gives("1.0.0", arn=arn, **resources)
        assert source.imported(arn) == [("1.0.0", "published")]


def test_aws_is_not_waited_for_without_end() -> None:
    source = Source()
    source.has("1.0.0")
    source.gives("1.0.0", *["PREPARING"] * 151)
    with pytest.raises(Unavailable, match=r"still prepares .* after 300 s"):
        source.imported()


def test_what_is_no_application_is_refused_before_anything_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("import", "hello", "--account", PUBLISHER, "--stage", "alpha", "--region", REGION)
    assert main(words) == 1
    assert "'hello' is not the ARN of an application" in capsys.readouterr().err
