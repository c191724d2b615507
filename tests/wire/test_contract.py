"""Nothing goes in or out that the AWS SDKs' own model of the service does not know."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import botocore.session
import pytest
from botocore.model import ServiceModel, Shape, StructureShape

from registry.api.requests import wire_name
from registry.api.routes import Route
from registry.handlers import sdk_api
from tests.wire.asking import CODE, FUNCTION
from tests.wire.service import PACKAGES, RawClient, Service

pytestmark = pytest.mark.wire

MODEL: ServiceModel = botocore.session.get_session().get_service_model("serverlessrepo")
PYTHON = {"string": str, "boolean": bool, "integer": int}
# The data types behind the responses, which mark nothing as required themselves (serverlessrepo-api.md §3).
DATA_TYPES = {
    "CreateApplication": ("ApplicationId", "Author", "Description", "Name"),
    "CreateApplicationVersion": MODEL.shape_for("Version").required_members,
    "GetApplication": ("ApplicationId", "Author", "Description", "Name"),
    "ListApplications": ("Applications",),
    "ListApplicationVersions": ("Versions",),
    "UpdateApplication": ("ApplicationId", "Author", "Description", "Name"),
}


def differences(value: Any, shape: Shape, where: str, required: Any = ()) -> Iterator[str]:
    """What a value on the wire and its shape do not have in common."""
    if isinstance(shape, StructureShape):
        members = {one.serialization.get("name", name): (name, one) for name, one in shape.members.items()}
        yield from (f"{where}.{unknown} is unknown" for unknown in value.keys() - members.keys())
        wanted = {*shape.required_members, *required}
        yield from (f"{where}.{wire} is missing" for wire, (name, _) in members.items() if name in wanted - {
            members[got][0] for got in value if got in members
        })  # fmt: skip
        for wire in value.keys() & members.keys():
            yield from differences(value[wire], members[wire][1], f"{where}.{wire}")
    elif shape.type_name == "list":
        for place, one in enumerate(value):
            yield from differences(one, shape.member, f"{where}[{place}]")  # type: ignore[attr-defined]
    elif type(value) is not PYTHON[shape.type_name]:
        yield f"{where} is {value!r}, not {shape.type_name}"
    elif getattr(shape, "enum", None) and value not in shape.enum:  # type: ignore[attr-defined]
        yield f"{where} is {value!r}, not of {shape.enum}"  # type: ignore[attr-defined]


def test_every_answer_has_what_the_model_requires_and_nothing_it_does_not_know(
    service: Service, raw: RawClient
) -> None:
    template = FUNCTION.format(uri=service.upload("code.zip", CODE), bucket=PACKAGES, key="code.zip")
    full = {
        "name": "full", "author": "a", "description": "d", "homePageUrl": "https://x.org", "labels": ["l"],
        "licenseBody": "l", "readmeBody": "r", "semanticVersion": "1.0.0", "spdxLicenseId": "MIT",
        "sourceCodeUrl": "https://x.org", "sourceCodeArchiveUrl": service.upload("src.zip", CODE),
        "templateBody": template,
    }  # fmt: skip
    application = quote("arn:aws:serverlessrepo:us-east-1:111111111111:applications/full", safe="")
    version = {"templateBody": template, "sourceCodeUrl": "https://x.org"}
    asked = [
        ("CreateApplication", "POST", "/applications", full),
        ("CreateApplication", "POST", "/applications", {"name": "bare", "author": "a", "description": "d"}),
        ("CreateApplicationVersion", "PUT", f"/applications/{application}/versions/2.0.0", version),
        ("GetApplication", "GET", f"/applications/{application}", None),
        ("UpdateApplication", "PATCH", f"/applications/{application}", {"description": "e"}),
        ("ListApplications", "GET", "/applications?maxItems=1", None),
        ("ListApplicationVersions", "GET", f"/applications/{application}/versions?maxItems=1", None),
    ]
    found = []
    for operation, method, target, members in asked:
        model = MODEL.operation_model(operation)
        status, kind, content = raw.ask(
            method, target, b"" if members is None else json.dumps(members).encode()
        )
        assert (status, kind) == (model.http["responseCode"], ""), (operation, content)
        found += differences(json.loads(content), model.output_shape, operation, DATA_TYPES[operation])
    assert found == []


def test_the_check_above_sees_what_is_wrong() -> None:
    shape = MODEL.operation_model("ListApplications").output_shape
    wrong = {"applications": [{"applicationId": 1, "author": "a", "name": "n", "odd": 1}], "nextToken": None}
    assert sorted(differences(wrong, shape, "it")) == [
        "it.applications[0].applicationId is 1, not string",
        "it.applications[0].description is missing",
        "it.applications[0].odd is unknown",
        "it.nextToken is None, not string",
    ]


def routes(service: Service) -> tuple[Route, ...]:
    return sdk_api._routes()


def test_each_route_and_each_member_it_reads_is_the_models(service: Service) -> None:
    for route in routes(service):
        model = MODEL.operation_model(route.operation)
        assert (route.method, f"/{route.path}", route.status) == (
            model.http["method"],
            model.http["requestUri"],
            model.http["responseCode"],
        )
        ours = {wire_name(name): field for name, field in route.asks.__dataclass_fields__.items()}
        theirs = model.input_shape.members
        assert ours.keys() == {shape.serialization["name"] for shape in theirs.values()}
        required = {theirs[name].serialization["name"] for name in model.input_shape.required_members}
        from dataclasses import MISSING

        assert {name for name, field in ours.items() if field.default is MISSING} == required
