"""CreateCloudFormationTemplate and GetCloudFormationTemplate, by an unmodified boto3."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
import requests

from registry.errors import Unavailable
from registry.services import deploying
from registry.services.preparing import Preparing
from registry.stores.templates import TemplateStore
from tests.deploying.publishing import SAM, function, nesting, publish, queue
from tests.support.entities import BUCKET, CONSUMER, PUBLISHER, REGION, TABLE
from tests.wire.asking import CODE, create, refused
from tests.wire.service import READ_ONLY, Service

pytestmark = pytest.mark.wire

DIGEST = hashlib.sha256(CODE).hexdigest()
COPY = f"deploy/{PUBLISHER}/sha256/{DIGEST}"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def keys(service: Service, prefix: str = "deploy/") -> list[str]:
    listed = service.aws["s3"].list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return [one["Key"] for one in listed]


def document(details: Any) -> Any:
    answer = requests.get(details["TemplateUrl"], timeout=5)
    assert answer.status_code == 200
    return answer.json()


def test_a_template_is_active_at_once_and_names_copies_under_the_consumers_own_prefix(
    service: Service, repo: Any
) -> None:
    app = publish(repo, "hello", function(service))
    made = repo.create_cloud_formation_template(ApplicationId=app)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["ApplicationId"], made["SemanticVersion"], made["Status"]) == (app, "1.0.0", "ACTIVE")
    assert made["TemplateId"].count("-") == 4
    finished = document(made)
    assert finished["Resources"]["Hello"]["Properties"]["CodeUri"] == f"s3://{BUCKET}/{COPY}"
    content = service.aws["s3"].get_object(Bucket=BUCKET, Key=COPY)
    assert content["Body"].read() == CODE
    assert content["ServerSideEncryption"] == "AES256"
    text = json.dumps(finished, separators=(",", ":")).encode()
    assert f"deploy/{PUBLISHER}/templates/{hashlib.sha256(text).hexdigest()}.json" in keys(service)


def test_a_template_lives_an_hour_and_comes_back_as_it_was_made(service: Service, repo: Any) -> None:
    app = publish(repo, "hello", queue())
    made = repo.create_cloud_formation_template(ApplicationId=app)
    begin, end = (datetime.fromisoformat(made[member]) for member in ("CreationTime", "ExpirationTime"))
    assert timedelta(minutes=59) < end - begin <= timedelta(hours=1)
    got = repo.get_cloud_formation_template(ApplicationId=app, TemplateId=made["TemplateId"].upper())
    for member in set(made) - {"TemplateUrl", "ResponseMetadata"}:
        assert got[member] == made[member]
    assert document(got) == json.loads(queue())


def test_the_newest_version_is_taken_when_none_is_named(service: Service, repo: Any) -> None:
    app = publish(repo, "hello", queue("Old"), version="1.9.0")
    repo.create_application_version(ApplicationId=app, SemanticVersion="1.10.0", TemplateBody=queue("New"))
    newest = repo.create_cloud_formation_template(ApplicationId=app)
    assert newest["SemanticVersion"] == "1.10.0"
    assert [*document(newest)["Resources"]] == ["New"]
    old = repo.create_cloud_formation_template(ApplicationId=app, SemanticVersion="1.9.0")
    assert [*document(old)["Resources"]] == ["Old"]


def test_nested_applications_are_stacks_of_templates_under_the_same_prefix(
    service: Service, repo: Any
) -> None:
    lowest = publish(repo, "lowest", function(service))
    middle = publish(repo, "middle", nesting(lowest))
    app = publish(repo, "top", nesting(middle, lowest))
    top = document(repo.create_cloud_formation_template(ApplicationId=app))
    inner = top["Resources"]["App0"]
    assert inner["Type"] == "AWS::CloudFormation::Stack"
    assert inner["Properties"]["Tags"] == [
        {"Key": "lambda:createdBy", "Value": "SAM"},
        {"Key": "serverlessrepo:applicationId", "Value": middle},
        {"Key": "serverlessrepo:semanticVersion", "Value": "1.0.0"},
    ]
    found = stored(service, inner)["Resources"]["App0"]
    assert found["Properties"]["TemplateURL"] == top["Resources"]["App1"]["Properties"]["TemplateURL"]
    code = stored(service, found)["Resources"]["Hello"]["Properties"]["CodeUri"]
    assert code == f"s3://{BUCKET}/{COPY}"
    assert COPY in keys(service)


def stored(service: Service, stack: Any) -> Any:
    """The template of a nested stack, whose address is plain: it outlives every signature."""
    url = stack["Properties"]["TemplateURL"]
    base = f"https://{BUCKET}.s3.{REGION}.amazonaws.com/deploy/{PUBLISHER}/templates/"
    assert url.startswith(base)
    assert "?" not in url
    key = url.removeprefix(f"https://{BUCKET}.s3.{REGION}.amazonaws.com/")
    return json.loads(service.aws["s3"].get_object(Bucket=BUCKET, Key=key)["Body"].read())


def test_an_application_that_came_to_nest_itself_is_refused(service: Service, repo: Any) -> None:
    inner = publish(repo, "inner", queue())
    outer = publish(repo, "outer", nesting(inner))
    repo.delete_application(ApplicationId=inner)
    publish(repo, "inner", nesting(outer))
    status, kind, message = refused(repo.create_cloud_formation_template, ApplicationId=outer)
    assert (status, kind) == (400, "BadRequestException")
    assert message == f"An application nests itself: {outer} 1.0.0 > {inner} 1.0.0 > {outer} 1.0.0"


def test_a_nested_application_that_is_gone_is_named(service: Service, repo: Any) -> None:
    inner = publish(repo, "inner", queue())
    outer = publish(repo, "outer", nesting(inner))
    repo.delete_application(ApplicationId=inner)
    assert refused(repo.create_cloud_formation_template, ApplicationId=outer) == (
        404,
        "NotFoundException",
        f"Application with id {inner} does not exist",
    )
    publish(repo, "inner", queue(), version="2.0.0")
    assert refused(repo.create_cloud_formation_template, ApplicationId=outer) == (
        404,
        "NotFoundException",
        f"Application {inner} does not have a version 1.0.0",
    )


def test_what_is_not_there_or_not_allowed_is_told_as_everywhere(service: Service, repo: Any) -> None:
    app = publish(repo, "hello", queue())
    empty = create(repo, name="empty")["ApplicationId"]
    ask = repo.create_cloud_formation_template
    assert refused(ask, ApplicationId=app, SemanticVersion="2.0.0")[2].endswith("a version 2.0.0")
    assert refused(ask, ApplicationId=empty)[:2] == (404, "NotFoundException")
    assert refused(ask, ApplicationId=app.replace("hello", "none"))[:2] == (404, "NotFoundException")
    assert refused(ask, ApplicationId=app, SemanticVersion="1.0")[:2] == (400, "BadRequestException")
    for who in (CONSUMER, READ_ONLY):
        denied = refused(service.client(who).create_cloud_formation_template, ApplicationId=app)
        assert denied[:2] == (403, "AccessDeniedException")
    assert keys(service) == []


def test_a_template_is_found_by_its_id_under_its_application_alone(service: Service, repo: Any) -> None:
    app, other = publish(repo, "hello", queue()), publish(repo, "other", queue())
    made = repo.create_cloud_formation_template(ApplicationId=app)
    ask = repo.get_cloud_formation_template
    for where, which in ((app, UNKNOWN), (other, made["TemplateId"])):
        status, kind, message = refused(ask, ApplicationId=where, TemplateId=which)
        assert (status, kind) == (404, "NotFoundException")
        assert message.endswith(f"does not have a template {which}")
    assert refused(ask, ApplicationId=app, TemplateId="1")[:2] == (400, "BadRequestException")
    _change(service, made, account=CONSUMER)
    assert refused(ask, ApplicationId=app, TemplateId=made["TemplateId"])[:2] == (404, "NotFoundException")


def test_an_expired_template_says_so(service: Service, repo: Any) -> None:
    app = publish(repo, "hello", queue())
    made = repo.create_cloud_formation_template(ApplicationId=app)
    _change(service, made, validUntil="2026-01-01T00:00:00.000Z")
    got = repo.get_cloud_formation_template(ApplicationId=app, TemplateId=made["TemplateId"])
    assert got["Status"] == "EXPIRED"
    assert "X-Amz-Signature" not in got["TemplateUrl"]


def test_a_template_whose_code_takes_long_is_preparing_until_the_worker_is_done(
    service: Service, repo: Any
) -> None:
    app = publish(repo, "hello", function(service))
    with mock.patch.object(Preparing, "copy_assets", side_effect=Unavailable("slow")):
        made = repo.create_cloud_formation_template(ApplicationId=app)
    assert made["Status"] == "PREPARING"
    assert document(made)  # clients keep the address that they were given first
    assert COPY not in keys(service)
    preparing = worker(service)
    item = _item(service, made)
    ids = item["PK"]["S"].removeprefix("APP#"), made["TemplateId"]
    assert preparing.finish(*ids, within_s=60) == "done"
    assert preparing.finish(*ids, within_s=60) == "already"
    got = repo.get_cloud_formation_template(ApplicationId=app, TemplateId=made["TemplateId"])
    assert got["Status"] == "ACTIVE"
    assert COPY in keys(service)
    assert preparing.finish(ids[0], UNKNOWN, within_s=60) == "gone"
    _change(service, made, validUntil="2026-01-01T00:00:00.000Z")
    assert preparing.finish(*ids, within_s=60) == "gone"


def worker(service: Service) -> Preparing:
    """As the queue's function has it: out of the API function's own wiring."""
    from registry.handlers import sdk_api

    for route in sdk_api._routes():
        if route.operation == "CreateCloudFormationTemplate":
            found = route.run.__self__  # type: ignore[attr-defined]
            assert isinstance(found, deploying.Deploying)
            return found.preparing
    raise AssertionError("no such route")


def test_what_lies_there_already_is_not_copied_again(service: Service, repo: Any) -> None:
    app = publish(repo, "hello", function(service))
    repo.create_cloud_formation_template(ApplicationId=app)
    mark = [{"Key": "mark", "Value": "first"}]  # a copy would lose it
    service.aws["s3"].put_object_tagging(Bucket=BUCKET, Key=COPY, Tagging={"TagSet": mark})
    repo.create_cloud_formation_template(ApplicationId=app)
    assert service.aws["s3"].get_object_tagging(Bucket=BUCKET, Key=COPY)["TagSet"] == mark


def test_a_failure_between_copy_and_item_leaves_nothing_visible_and_a_retry_succeeds(
    service: Service, repo: Any
) -> None:
    app = publish(repo, "hello", function(service))
    with mock.patch.object(TemplateStore, "add", side_effect=RuntimeError("cut")):
        assert refused(repo.create_cloud_formation_template, ApplicationId=app)[0] == 500
    items = service.aws["dynamodb"].scan(TableName=TABLE)["Items"]
    assert [one for one in items if one["SK"]["S"].startswith("TEMPLATE#")] == []
    assert repo.create_cloud_formation_template(ApplicationId=app)["Status"] == "ACTIVE"


def test_a_finished_template_that_cloudformation_would_not_read_is_refused(
    service: Service, repo: Any
) -> None:
    app = publish(repo, "hello", queue())
    with mock.patch("registry.domain.templates.MAX_BYTES", 10):
        status, kind, message = refused(repo.create_cloud_formation_template, ApplicationId=app)
    assert (status, kind) == (400, "BadRequestException")
    assert "CloudFormation reads 10 at most" in message


def test_code_that_was_cleaned_up_meanwhile_is_told(service: Service, repo: Any) -> None:
    app = publish(repo, "hello", function(service))
    service.aws["s3"].delete_object(Bucket=BUCKET, Key=f"blobs/sha256/{DIGEST}")
    assert refused(repo.create_cloud_formation_template, ApplicationId=app) == (
        404,
        "NotFoundException",
        "The application's code is no longer stored: it was deleted",
    )


def test_a_nested_application_named_by_an_intrinsic_is_refused(service: Service, repo: Any) -> None:
    location = {"ApplicationId": {"Ref": "Id"}, "SemanticVersion": "1.0.0"}
    late = {"Type": "AWS::Serverless::Application", "Properties": {"Location": location}}
    body = {
        "Transform": SAM,
        "Parameters": {"Id": {"Type": "String"}},
        "Resources": {"Late": late, "Q": {"Type": "AWS::SQS::Queue"}},
    }
    app = publish(repo, "hello", json.dumps(body))
    status, _, message = refused(repo.create_cloud_formation_template, ApplicationId=app)
    assert status == 400
    assert message.startswith("Resources.Late names its application or version by a function")


def _item(service: Service, made: Any) -> Any:
    items = service.aws["dynamodb"].scan(TableName=TABLE)["Items"]
    return next(one for one in items if one["SK"]["S"] == f"TEMPLATE#{made['TemplateId']}")


def _change(service: Service, made: Any, **attributes: str) -> None:
    values = {name: {"S": value} for name, value in attributes.items()}
    service.aws["dynamodb"].put_item(TableName=TABLE, Item=_item(service, made) | values)
