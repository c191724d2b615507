"""Stacks from a repository's applications, where the cloud or the repository says no; and the data source."""

import json

import grpc
import pytest

from tests.provider.conftest import ACCOUNT, REGION
from tests.provider.driver import Driver, RefusedError, serve
from tests.provider.repository import APPLICATION, LATEST, RESOURCE_POLICY

pytestmark = pytest.mark.wire

STACK = "aws:serverlessrepository/cloudFormationStack:CloudFormationStack"
FUNCTION = "aws:serverlessrepository/getApplication:getApplication"


def test_an_application_tells_its_latest_or_the_asked_version(provider: Driver) -> None:
    found = provider.invoke(FUNCTION, applicationId=APPLICATION)
    assert (found["name"], found["semanticVersion"], found["id"]) == ("case", LATEST, APPLICATION)
    assert found["requiredCapabilities"] == [RESOURCE_POLICY]
    older = provider.invoke(FUNCTION, applicationId=APPLICATION, semanticVersion="1.0.0")
    assert older["semanticVersion"] == "1.0.0"
    assert older["templateUrl"].endswith("/1.0.0")


def test_an_application_that_is_not_there_is_the_repositorys_own_error(provider: Driver) -> None:
    with pytest.raises(grpc.RpcError, match="NotFoundException: no such application"):
        provider.invoke(FUNCTION, applicationId=APPLICATION + "-not")


def test_a_missing_capability_is_the_repositorys_own_error_and_leaves_no_stack(provider: Driver) -> None:
    inputs = {"applicationId": APPLICATION, "name": "bare", "capabilities": ["CAPABILITY_IAM"]}
    with pytest.raises(grpc.RpcError, match="Requires capabilities: ") as refused:
        provider.create(STACK, "bare", inputs)
    assert "grpc-status-details-bin" not in {key for key, _ in refused.value.trailing_metadata()}


def test_a_capability_that_does_not_exist_is_refused_in_preview(provider: Driver) -> None:
    inputs = {"applicationId": APPLICATION, "capabilities": ["CAPABILITY_NONE"]}
    with pytest.raises(RefusedError) as refused:
        provider.check(STACK, "wrong", inputs)
    [(path, reason)] = refused.value.failures
    assert path == "capabilities[0]"
    assert "CAPABILITY_RESOURCE_POLICY" in reason


def test_an_update_without_changes_fails_with_cloudformations_words_as_the_stock_provider_does(
    provider: Driver,
) -> None:
    inputs = {"applicationId": APPLICATION, "capabilities": [RESOURCE_POLICY], "parameters": {"Text": "a"}}
    made = provider.create(STACK, "noop", inputs)
    try:
        assert made.state["semanticVersion"] == LATEST  # not asked for, and kept
        with pytest.raises(grpc.RpcError, match="the change set is FAILED"):
            provider.update(made, {**inputs, "capabilities": [RESOURCE_POLICY, "CAPABILITY_IAM"]})
    finally:
        provider.delete(made)


def test_a_parameter_with_its_default_is_not_shown_as_given(provider: Driver) -> None:
    inputs = {"applicationId": APPLICATION, "capabilities": [RESOURCE_POLICY]}
    made = provider.create(STACK, "defaults", inputs)
    try:
        assert made.state["parameters"] == {}
        assert made.state["outputs"]["Topic"].startswith("arn:aws:sns:")
        assert not any(key.startswith("serverlessrepo:") for key in made.state["tagsAll"])
    finally:
        provider.delete(made)


@pytest.mark.parametrize("key", ["serverlessrepo", "serverlessapprepo", "serverlessapplicationrepository"])
def test_a_repository_elsewhere_is_refused(emulator: str, cloud_environment: None, key: str) -> None:
    endpoints = json.dumps([{key: "https://serverlessrepo.us-east-1.amazonaws.com"}])
    with serve() as driver:
        driver.configure(region=REGION, allowedAccountIds=f'["{ACCOUNT}"]', endpoints=endpoints)
        with pytest.raises(grpc.RpcError, match="against the local cloud only"):
            driver.invoke(FUNCTION, applicationId=APPLICATION)
