"""Every constraint of the contract at its edge, found by walking the contract: none can be forgotten."""

import json
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from tests.support.contract import contract
from tests.support.edges import Edge, edges, members_with
from tests.wire.asking import QUEUE, create
from tests.wire.service import RawClient, Service

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def link(one_deployment: Service) -> Iterator[RawClient]:
    one_deployment.empty()
    create(one_deployment.client(), "edges", SemanticVersion="0.1.0", TemplateBody=QUEUE)
    client = one_deployment.raw()
    yield client
    client.close()
    assert one_deployment.offences == []


def ask(link: RawClient, edge: Edge) -> tuple[int, str, str]:
    operation = contract().operations[edge.operation]
    path, query, body = members_with(operation, edge)
    target = operation.path
    for name, value in path.items():
        target = target.replace(f"{{{name}}}", quote(str(value), safe=""))
    if query:
        target += f"?{urlencode(query, quote_via=quote)}"
    has_body = contract().asked_schema(operation) is not None
    return link.ask(operation.method, target, json.dumps(body).encode() if has_body else b"")


@pytest.mark.parametrize("edge", [one for one in edges() if not one.inside], ids=str)
def test_what_is_outside_of_a_constraint_is_refused_by_name(link: RawClient, edge: Edge) -> None:
    status, kind, message = ask(link, edge)
    if edge.place == "path" and edge.value == "":
        assert (status, kind) == (404, "NotFoundException")  # no such route
        return
    assert (status, kind) == (400, "BadRequestException"), message
    assert edge.said_as in message


@pytest.mark.parametrize("edge", [one for one in edges() if one.inside], ids=str)
def test_what_is_inside_of_a_constraint_is_taken(link: RawClient, edge: Edge) -> None:
    status, _, message = ask(link, edge)
    assert status != 400 or edge.said_as not in message, message


def test_the_walk_finds_the_constraints_that_the_model_documents() -> None:
    found = {(one.operation, one.member, one.keyword) for one in edges()}
    assert {
        ("CreateApplication", "name", "maxLength"),
        ("CreateApplication", "labels", "maxItems"),
        ("CreateApplication", "labels[0]", "pattern"),
        ("UpdateApplication", "description", "minLength"),
        ("ListApplications", "maxItems", "maximum"),
        ("PutApplicationPolicy", "statements[0].actions[0]", "enum"),
        ("CreateCloudFormationChangeSet", "rollbackConfiguration.rollbackTriggers[0].type", "enum"),
        ("CreateCloudFormationChangeSet", "tags[0].key", "maxLength"),
        ("GetCloudFormationTemplate", "templateId", "pattern"),
    } <= found
