"""Versions with their templates and code, by an unmodified boto3."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from registry.services import content
from tests.support.entities import TABLE
from tests.wire.asking import CODE, FUNCTION, QUEUE, create, refused
from tests.wire.service import FOREIGN, PACKAGES, Service

pytestmark = pytest.mark.wire

DIGEST = hashlib.sha256(CODE).hexdigest()


def function(service: Service) -> str:
    uri = service.upload("code.zip", CODE)
    return FUNCTION.format(uri=uri, bucket=PACKAGES, key="code.zip")


def test_a_version_published_with_its_application_comes_back_with_all_that_analysis_found(
    service: Service, repo: Any
) -> None:
    made = create(
        repo,
        SemanticVersion="1.0.0-rc.1+b.7",
        TemplateBody=function(service),
        SourceCodeUrl="https://x.org/src",
    )
    got = repo.get_application(ApplicationId=made["ApplicationId"], SemanticVersion="1.0.0-rc.1+b.7")
    version = got["Version"]
    assert version["SemanticVersion"] == "1.0.0-rc.1+b.7"
    assert version["ApplicationId"] == made["ApplicationId"]
    assert version["SourceCodeUrl"] == "https://x.org/src"
    assert version["ParameterDefinitions"] == [
        {
            "Name": "Name", "Type": "String", "DefaultValue": "x", "AllowedValues": ["x", "y"],
            "NoEcho": True, "MaxLength": 5, "ReferencedByResources": ["Hello"],
        }
    ]  # fmt: skip
    assert version["RequiredCapabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert version["ResourcesSupported"] is True
    assert made["Version"].keys() == version.keys()


def test_code_is_kept_by_digest_and_the_stored_template_names_it_by_placeholder(
    service: Service, repo: Any
) -> None:
    made = create(repo, SemanticVersion="1.0.0", TemplateBody=function(service))
    assert service.stored("blobs") == {DIGEST}
    assert service.content("blobs", DIGEST) == CODE
    template = json.loads(fetch(made["Version"]["TemplateUrl"]))
    key = f"<%ASSET:sha256:{DIGEST}%>"
    assert template["Resources"]["Hello"]["Properties"]["CodeUri"] == f"s3://<%REPO_BUCKET%>/{key}"
    assert template["Resources"]["Again"]["Properties"]["Code"] == {
        "S3Bucket": "<%REPO_BUCKET%>",
        "S3Key": key,
    }
    assert template["Resources"]["Hello"]["Properties"]["FunctionName"] == {"Ref": "Name"}


def fetch(url: str) -> str:
    """By a plain, unsigned GET (moto answers `requests`)."""
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200
    answer.encoding = "utf-8"
    return answer.text


def test_every_url_in_an_answer_is_fetched_by_a_plain_get(service: Service, repo: Any) -> None:
    archive = b"PK\x03\x04 source"
    made = create(
        repo, SemanticVersion="1.0.0", TemplateBody=QUEUE, LicenseBody="free as in beer", ReadmeBody="# Hé",
        SourceCodeArchiveUrl=service.upload("src.zip", archive),
    )  # fmt: skip
    got = repo.get_application(ApplicationId=made["ApplicationId"])
    for answer in (made, got):
        assert fetch(answer["LicenseUrl"]) == "free as in beer"
        assert fetch(answer["ReadmeUrl"]) == "# Hé"
        assert json.loads(fetch(answer["Version"]["TemplateUrl"])) == {
            "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}
        }
        assert requests.get(answer["Version"]["SourceCodeArchiveUrl"], timeout=10).content == archive


def test_documents_are_taken_from_the_publishers_bucket(service: Service, repo: Any) -> None:
    service.upload("docs/read me.md", b"# Hi")
    made = create(
        repo, SemanticVersion="1.0.0", TemplateUrl=service.upload("t.yaml", QUEUE.encode()),
        LicenseUrl=service.upload("LICENSE", b"free"),
        ReadmeUrl=f"https://{PACKAGES}.s3.us-east-1.amazonaws.com/docs/read%20me.md",
    )  # fmt: skip
    assert fetch(made["ReadmeUrl"]) == "# Hi"
    assert fetch(made["LicenseUrl"]) == "free"
    assert made["Version"]["SemanticVersion"] == "1.0.0"


@pytest.mark.parametrize("member", ["TemplateUrl", "LicenseUrl", "ReadmeUrl", "SourceCodeArchiveUrl"])
def test_an_object_of_another_account_or_none_at_all_is_refused_in_the_words_clients_parse(
    service: Service, repo: Any, member: str
) -> None:
    service.upload("theirs", CODE, bucket=FOREIGN)
    for bucket, key in (
        (FOREIGN, "theirs"),
        (PACKAGES, "absent"),
        (service.assets_bucket, f"blobs/sha256/{DIGEST}"),
    ):
        asked = {"TemplateBody": QUEUE, member: f"s3://{bucket}/{key}"}
        if member == "TemplateUrl":
            del asked["TemplateBody"]
        status, code, message = refused(
            repo.create_application, Name="a", Author="a", Description="d", SemanticVersion="1.0.0", **asked
        )
        assert (status, code) == (400, "BadRequestException")
        assert message == f"Failed to copy S3 object. Access denied: bucket={bucket}, key={key}"
    assert repo.list_applications()["Applications"] == []


def test_code_that_may_not_be_read_is_refused_and_nothing_is_published(service: Service, repo: Any) -> None:
    service.upload("theirs", CODE, bucket=FOREIGN)
    template = FUNCTION.format(uri=f"s3://{FOREIGN}/theirs", bucket=PACKAGES, key="code.zip")
    service.upload("code.zip", CODE)
    message = refused(
        repo.create_application,
        Name="a",
        Author="a",
        Description="d",
        SemanticVersion="1.0.0",
        TemplateBody=template,
    )[2]
    assert message == f"Failed to copy S3 object. Access denied: bucket={FOREIGN}, key=theirs"
    assert repo.list_applications()["Applications"] == []


def test_code_that_was_not_packaged_is_refused_in_the_words_sam_cli_looks_for(repo: Any) -> None:
    template = FUNCTION.format(uri="./src", bucket=PACKAGES, key="code.zip")
    status, code, message = refused(
        repo.create_application,
        Name="a",
        Author="a",
        Description="d",
        SemanticVersion="1.0.0",
        TemplateBody=template,
    )
    assert (status, code) == (400, "BadRequestException")
    assert "Invalid S3 URI" in message


def test_a_template_without_a_version_makes_none_but_is_still_checked(repo: Any) -> None:
    made = create(repo, TemplateBody=QUEUE, SourceCodeUrl="https://x.org")
    assert "Version" not in made
    assert repo.list_application_versions(ApplicationId=made["ApplicationId"])["Versions"] == []
    assert refused(
        repo.create_application, Name="b", Author="a", Description="d", TemplateBody="Resources: {"
    )[:2] == (400, "BadRequestException")


def test_a_further_version_is_made_and_the_newest_by_precedence_is_returned(repo: Any) -> None:
    arn = create(repo, SemanticVersion="1.9.0", TemplateBody=QUEUE)["ApplicationId"]
    made = repo.create_application_version(ApplicationId=arn, SemanticVersion="1.10.0", TemplateBody=QUEUE)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["SemanticVersion"] == "1.10.0"
    repo.create_application_version(ApplicationId=arn, SemanticVersion="1.10.0-rc.1", TemplateBody=QUEUE)
    assert repo.get_application(ApplicationId=arn)["Version"]["SemanticVersion"] == "1.10.0"
    listed = repo.list_application_versions(ApplicationId=arn)["Versions"]
    assert [one["SemanticVersion"] for one in listed] == ["1.9.0", "1.10.0-rc.1", "1.10.0"]
    assert listed[0].keys() == {"ApplicationId", "CreationTime", "SemanticVersion"}


def test_the_same_version_again_is_201_with_the_stored_one_and_other_content_is_a_conflict(
    service: Service, repo: Any
) -> None:
    template = function(service)
    arn = create(repo, SemanticVersion="1.0.0", TemplateBody=template)["ApplicationId"]
    stored = repo.get_application(ApplicationId=arn)["Version"]
    asked = {"ApplicationId": arn, "SemanticVersion": "1.0.0"}
    again = repo.create_application_version(**asked, TemplateBody=template)
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert again["CreationTime"] == stored["CreationTime"]
    service.upload("code.zip", CODE + b" changed")
    for other in (
        {"TemplateBody": template},  # the same text, other code behind it
        {"TemplateBody": QUEUE},
        {"TemplateBody": template, "SourceCodeUrl": "https://x.org"},
    ):
        with pytest.raises(repo.exceptions.ConflictException) as conflict:
            repo.create_application_version(**asked, **other)
        assert "1.0.0" in str(conflict.value)
    now = repo.get_application(ApplicationId=arn)["Version"]
    assert json.loads(fetch(now["TemplateUrl"])) == json.loads(fetch(stored["TemplateUrl"]))
    assert now["CreationTime"] == stored["CreationTime"]


def test_the_same_content_in_other_words_is_the_same_version_whatever_became_of_the_application(
    repo: Any,
) -> None:
    said = {"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "a"}}}}
    arn = create(repo, SemanticVersion="1.0.0", TemplateBody=json.dumps(said), LicenseBody="free")[
        "ApplicationId"
    ]
    repo.update_application(ApplicationId=arn, ReadmeBody="# new", Author="Grace")
    stored = repo.get_application(ApplicationId=arn)["Version"]
    for words in (
        json.dumps(said, indent=1),
        "# a comment\nResources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}}",
    ):
        again = repo.create_application_version(
            ApplicationId=arn, SemanticVersion="1.0.0", TemplateBody=words
        )
        assert again["CreationTime"] == stored["CreationTime"]
        assert again["TemplateUrl"].partition("?")[0] == stored["TemplateUrl"].partition("?")[0]


def test_the_same_application_again_is_a_conflict_even_with_the_same_content(repo: Any) -> None:
    asked = {"SemanticVersion": "1.0.0", "TemplateBody": QUEUE}
    arn = create(repo, **asked)["ApplicationId"]
    status, kind, message = refused(
        repo.create_application, Name="hello", Author="Ada", Description="first", **asked
    )
    assert (status, kind, message) == (409, "ConflictException", f"Application with id {arn} already exists")


def test_of_racing_publishers_of_one_version_all_with_one_content_succeed(
    service: Service, repo: Any
) -> None:
    arn = create(repo)["ApplicationId"]
    clients = [service.client() for _ in range(4)]

    def publish(client: Any, template: str) -> int:
        try:
            answer = client.create_application_version(
                ApplicationId=arn, SemanticVersion="1.0.0", TemplateBody=template
            )
        except ClientError as error:
            answer = error.response
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(publish, clients, [QUEUE] * 4)) == [201] * 4


def test_unknown_versions_are_not_found_and_told_by_name(repo: Any) -> None:
    arn = create(repo, SemanticVersion="1.0.0", TemplateBody=QUEUE)["ApplicationId"]
    for absent in ("2.0.0", "1.0.0+build"):
        with pytest.raises(repo.exceptions.NotFoundException) as missing:
            repo.get_application(ApplicationId=arn, SemanticVersion=absent)
        assert f"Application {arn} does not have a version {absent}" in str(missing.value)


def test_a_version_of_an_application_that_does_not_exist_is_not_found(repo: Any) -> None:
    arn = create(repo)["ApplicationId"].replace("hello", "absent")
    assert refused(
        repo.create_application_version, ApplicationId=arn, SemanticVersion="1.0.0", TemplateBody=QUEUE
    )[:2] == (404, "NotFoundException")


def test_a_version_needs_a_template(repo: Any) -> None:
    arn = create(repo)["ApplicationId"]
    assert refused(repo.create_application_version, ApplicationId=arn, SemanticVersion="1.0.0") == (
        400,
        "BadRequestException",
        "templateBody or templateUrl is required",
    )


ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("Resources:\n  Q: {Type: T}\n  Q: {Type: T}\n", "line 3"),
        (ALIASES + QUEUE, "alias"),
        (QUEUE + "\n#" + "x" * 1_150_000, "1048576 allowed"),
        ("[1, 2]", "a map is needed"),
        ("{}", "Resources is missing"),
        ("Resources: {}", "at least one resource"),
        ("Resources: {Q: {Properties: {}}}", "'Q'"),
        ("Resources: [", "line"),
        ("", "the template is empty"),
        ('{"Resources": {"Q": {"Type": "T"}, "Q": {"Type": "T"}}}', "line 1"),
        ("Resources: {Q: {Type: T, Properties: {A: !!python/object/apply:os.system [id]}}}", "line 1"),
    ],
    ids=[
        "duplicate key", "alias bomb", "1.1 MB", "list", "empty map", "no resources", "no type", "broken",
        "empty", "JSON duplicate", "python tag",
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_is_refused_with_what_and_where_and_leaves_nothing(
    service: Service, repo: Any, template: str, why: str
) -> None:
    status, code, message = refused(
        repo.create_application,
        Name="a",
        Author="a",
        Description="d",
        SemanticVersion="1.0.0",
        TemplateBody=template,
    )
    assert (status, code) == (400, "BadRequestException")
    assert why in message
    assert service.stored("documents") == set()
    assert repo.list_applications()["Applications"] == []


def test_half_a_character_in_a_json_template_is_no_fault_of_ours(repo: Any) -> None:
    template = '{"Description": "\\ud800", "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    status, code, _ = refused(
        repo.create_application,
        Name="a",
        Author="a",
        Description="d",
        SemanticVersion="1.0.0",
        TemplateBody=template,
    )
    assert (status, code) == (400, "BadRequestException")


def test_parameters_too_large_to_keep_are_refused_with_the_limit(repo: Any) -> None:
    long = "d" * 4000
    parameters = "".join(f"  P{n}: {{Type: String, Description: {long}}}\n" for n in range(120))
    status, code, message = refused(
        repo.create_application, Name="a", Author="a", Description="d", SemanticVersion="1.0.0",
        TemplateBody=f"Parameters:\n{parameters}{QUEUE}",
    )  # fmt: skip
    assert (status, code) == (400, "BadRequestException")
    assert "390000 allowed" in message


def test_a_publication_out_of_time_is_retryable_and_keeps_what_it_copied(
    service: Service, repo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = function(service)
    with monkeypatch.context() as patch:
        patch.setattr(content.Budget, "left_s", property(lambda _: 0.0))
        status, code, message = refused(
            repo.create_application, Name="a", Author="a", Description="d", SemanticVersion="1.0.0",
            TemplateBody=template,
        )  # fmt: skip
    assert (status, code) == (503, "ServiceUnavailableException")
    assert "Publish again" in message
    assert repo.list_applications()["Applications"] == []
    create(repo, SemanticVersion="1.0.0", TemplateBody=template)


def test_a_lost_race_leaves_no_version_behind(
    service: Service, repo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either wrote: the transaction decides."""
    from registry.stores.applications import ApplicationStore

    create(repo)
    with monkeypatch.context() as patch:
        patch.setattr(ApplicationStore, "find", lambda *_: None)
        status, code, _ = refused(
            repo.create_application, Name="hello", Author="Eve", Description="d", SemanticVersion="1.0.0",
            TemplateBody=QUEUE,
        )  # fmt: skip
    assert (status, code) == (409, "ConflictException")
    items = service.aws["dynamodb"].scan(TableName=TABLE)["Items"]
    assert [item["author"]["S"] for item in items] == ["Ada"]
