"""Real applications, published and read back."""

import os

import pytest

from tests.support.corpus import NESTING_LOCAL_TEMPLATES, applications
from tests.support.publishing import publish_and_read_back
from tests.support.stack import DeployedStack, emptied

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

HOW_MANY = 200 if os.environ.get("SOAK") == "full" else 40


def test_real_applications_are_published_and_read_back_equal(stack: DeployedStack) -> None:
    client = stack.client("serverlessrepo")
    with emptied(client, "real-"):
        bucket = stack.packaging_bucket("real")
        stack.client("s3").put_object(Bucket=bucket, Key="stub.zip", Body=b"PK\x05\x06" + bytes(18))
        every = applications()
        some = every[:: len(every) // HOW_MANY]
        chosen = [one for one in some if one["name"] not in NESTING_LOCAL_TEMPLATES]
        outcomes = [
            publish_and_read_back(client, app, prefix="real-", bucket=bucket, key="stub.zip")
            for app in chosen
        ]
    assert {one.name: one.differences for one in outcomes if one.differences} == {}
    assert sum(one.server_faults for one in outcomes) == 0
    assert len(outcomes) >= HOW_MANY - len(NESTING_LOCAL_TEMPLATES)


def test_an_application_that_nests_a_template_of_its_folder_is_refused_in_awss_words(
    stack: DeployedStack,
) -> None:
    client = stack.client("serverlessrepo")
    with emptied(client, "real-"):
        bucket = stack.packaging_bucket("real")
        nesting = [app for app in applications() if app["name"] in NESTING_LOCAL_TEMPLATES]
        outcomes = [
            publish_and_read_back(client, app, prefix="real-", bucket=bucket, key="stub.zip")
            for app in nesting
        ]
    assert len(outcomes) == len(NESTING_LOCAL_TEMPLATES)
    for outcome in outcomes:
        [said] = outcome.differences
        assert "referencing a valid AWS Serverless Application Repository application" in said
