"""Who may have templates and change sets made of what, by an unmodified boto3."""

from typing import Any

import pytest

from tests.deploying.publishing import nesting, publish, queue
from tests.support.entities import BUCKET, CONSUMER
from tests.wire.asking import refused
from tests.wire.service import Service

pytestmark = pytest.mark.wire


def consumers_in(service: Service) -> set[str]:
    """Accounts for which anything was prepared."""
    listed = service.aws["s3"].list_objects_v2(Bucket=BUCKET, Prefix="deploy/").get("Contents", [])
    return {one["Key"].split("/")[1] for one in listed}


def share(repo: Any, app: str, *actions: str, with_account: str = CONSUMER) -> None:
    statement = {"Actions": [*actions], "Principals": [with_account]}
    repo.put_application_policy(ApplicationId=app, Statements=[statement])


def test_a_consumer_needs_the_right_to_every_nested_application(service: Service, repo: Any) -> None:
    lowest = publish(repo, "lowest", queue())
    middle = publish(repo, "middle", nesting(lowest))
    app = publish(repo, "top", nesting(middle))
    consumer = service.client(CONSUMER)
    for shared, lacking in ((app, middle), (middle, lowest)):
        share(repo, shared, "Deploy")
        assert refused(consumer.create_cloud_formation_template, ApplicationId=app) == (
            403,
            "AccessDeniedException",
            f"User: {service.principal(CONSUMER)} is not authorized to perform: "
            f"serverlessrepo:CreateCloudFormationTemplate on resource: {lacking}",
        )
    assert consumers_in(service) == set()
    share(repo, lowest, "GetApplication", "CreateCloudFormationTemplate")  # enough for nesting it
    made = consumer.create_cloud_formation_template(ApplicationId=app)
    assert made["Status"] == "ACTIVE"
    assert consumers_in(service) == {CONSUMER}


def test_what_may_only_be_nested_makes_no_change_sets(service: Service, repo: Any) -> None:
    app = publish(repo, "hello", queue())
    share(repo, app, "GetApplication", "CreateCloudFormationTemplate")
    consumer = service.client(CONSUMER)
    assert consumer.create_cloud_formation_template(ApplicationId=app)["Status"] == "ACTIVE"
    denied = refused(consumer.create_cloud_formation_change_set, ApplicationId=app, StackName="s")
    assert denied[:2] == (403, "AccessDeniedException")


def test_a_template_is_seen_by_the_account_that_had_it_made_and_not_by_the_owner(
    service: Service, repo: Any
) -> None:
    app = publish(repo, "hello", queue())
    share(repo, app, "Deploy")
    consumer = service.client(CONSUMER)
    made = consumer.create_cloud_formation_template(ApplicationId=app)
    ask = {"ApplicationId": app, "TemplateId": made["TemplateId"]}
    assert consumer.get_cloud_formation_template(**ask)["Status"] == "ACTIVE"
    assert refused(repo.get_cloud_formation_template, **ask)[:2] == (404, "NotFoundException")
    repo.put_application_policy(ApplicationId=app, Statements=[])
    assert refused(consumer.get_cloud_formation_template, **ask)[:2] == (403, "AccessDeniedException")
