"""Real applications, published and read back."""

import os

import pytest

from tests.support.corpus import applications
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
        chosen = every[:: len(every) // HOW_MANY]
        outcomes = [
            publish_and_read_back(client, app, prefix="real-", bucket=bucket, key="stub.zip")
            for app in chosen
        ]
    assert {one.name: one.differences for one in outcomes if one.differences} == {}
    assert sum(one.server_faults for one in outcomes) == 0
    assert len(outcomes) >= HOW_MANY
