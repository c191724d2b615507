"""Nothing goes in or out that the AWS SDKs' own model of the service does not know."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from botocore.model import ServiceModel, Shape, StructureShape
from openapi_spec_validator import validate

from contracts.openapi.additions import additions
from contracts.openapi.document import CONTRACT, document, service_model, text_of
from registry.api.requests import wire_name
from registry.api.routes import Route
from registry.api.wire import ANSWERS
from registry.domain.signatures import EXPIRED, INCOMPLETE, INVALID, UNRECOGNIZED
from registry.domain.signatures import MISSING as MISSING_SIGNATURE
from registry.errors import SignatureFault
from registry.handlers import sdk_api
from tests.support.contract import ERROR_TYPE, Exchange, Operation, contract
from tests.wire.asking import CODE, FUNCTION
from tests.wire.service import PACKAGES, RawClient, Service

pytestmark = pytest.mark.wire

MODEL: ServiceModel = service_model()
PARAMETERS = """\
  Text: {Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: c, Description: d, MinLength: 1}
  Count: {Type: Number, MinValue: 1, MaxValue: 9, Default: 2}
"""
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
    code = FUNCTION.format(uri=service.upload("code.zip", CODE), bucket=PACKAGES, key="code.zip")
    template = code.replace("Parameters:\n", f"Parameters:\n{PARAMETERS}")
    archive = service.upload("src.zip", CODE)
    full = {
        "name": "full", "author": "a", "description": "d", "homePageUrl": "https://x.org", "labels": ["l"],
        "licenseBody": "l", "readmeBody": "r", "semanticVersion": "1.0.0", "spdxLicenseId": "MIT",
        "sourceCodeUrl": "https://x.org", "sourceCodeArchiveUrl": archive,
        "templateBody": template,
    }  # fmt: skip
    application = quote("arn:aws:serverlessrepo:us-east-1:111111111111:applications/full", safe="")
    version = {
        "templateBody": template,
        "sourceCodeUrl": "https://x.org",
        "sourceCodeArchiveUrl": archive,
    }
    asked = [
        ("CreateApplication", "POST", "/applications", full),
        ("CreateApplication", "POST", "/applications", {"name": "bare", "author": "a", "description": "d"}),
        ("CreateApplicationVersion", "PUT", f"/applications/{application}/versions/2.0.0", version),
        ("GetApplication", "GET", f"/applications/{application}", None),
        ("UpdateApplication", "PATCH", f"/applications/{application}", {"description": "e"}),
        ("ListApplications", "GET", "/applications?maxItems=1", None),
        ("ListApplicationVersions", "GET", f"/applications/{application}/versions?maxItems=1", None),
    ]
    found: list[str] = []
    shown: set[str] = set()
    for operation, method, target, members in asked:
        model = MODEL.operation_model(operation)
        status, kind, content = raw.ask(
            method, target, b"" if members is None else json.dumps(members).encode()
        )
        assert (status, kind) == (model.http["responseCode"], ""), (operation, content)
        answer = json.loads(content)
        found += differences(answer, model.output_shape, operation, DATA_TYPES[operation])
        said = answer.get("version", answer).get("parameterDefinitions", ())
        shown |= {member for definition in said for member in definition}
    assert found == []
    known = MODEL.shape_for("ParameterDefinition").members.values()
    assert shown == {shape.serialization["name"] for shape in known}


def test_the_check_above_sees_what_is_wrong() -> None:
    shape = MODEL.operation_model("ListApplications").output_shape
    wrong = {"applications": [{"applicationId": 1, "author": "a", "name": "n", "odd": 1}], "nextToken": None}
    assert sorted(differences(wrong, shape, "it")) == [
        "it.applications[0].applicationId is 1, not string",
        "it.applications[0].description is missing",
        "it.applications[0].odd is unknown",
        "it.nextToken is None, not string",
    ]


def asked(route: Route) -> dict[str, bool]:
    """Members that a route reads: wire name -> required."""
    return {wire_name(field.name): field.default is MISSING for field in fields(route.asks)}


def test_each_route_and_each_member_it_reads_is_the_models_and_the_contracts(service: Service) -> None:
    for route in sdk_api._routes():
        model = MODEL.operation_model(route.operation)
        assert (route.method, f"/{route.path}", route.status) == (
            model.http["method"],
            model.http["requestUri"],
            model.http["responseCode"],
        )
        theirs = model.input_shape.members
        required = {theirs[name].serialization["name"] for name in model.input_shape.required_members}
        assert asked(route) == {
            shape.serialization["name"]: shape.serialization["name"] in required for shape in theirs.values()
        }
        operation = contract().operations[route.operation]
        assert (operation.method, operation.path, operation.success) == (
            route.method,
            f"/{route.path}",
            route.status,
        )
        assert asked(route) == members(operation)


def members(operation: Operation) -> dict[str, bool]:
    """As the contract has them: wire name -> required."""
    found = {one["name"]: one["required"] for one in operation.said.get("parameters", ())}
    body = contract().asked_schema(operation) or {"properties": {}}
    return found | {name: name in body.get("required", ()) for name in body["properties"]}


def test_the_contract_has_the_operations_of_the_model_and_only_those(service: Service) -> None:
    assert contract().operations.keys() == set(MODEL.operation_names)
    assert {route.operation for route in sdk_api._routes()} == contract().operations.keys()


def test_the_contract_is_valid_openapi_and_as_the_command_would_write_it() -> None:
    written = CONTRACT.read_text(encoding="utf-8")
    assert written == text_of(document(MODEL)), "out of date: python -m contracts.openapi"
    validate(yaml.safe_load(written))


def test_every_row_of_the_additions_is_about_something_the_model_has() -> None:
    more = additions()
    assert {row.operation for row in more.errors} <= {"*", *MODEL.operation_names}
    known = contract().document["components"]["schemas"]
    places = {(one.split(".")[0], one.split(".")[1].removesuffix("[]")) for one in more.constraints}
    everywhere = {name for schema in known.values() for name in schema.get("properties", ())}
    everywhere |= {name for operation in contract().operations.values() for name in members(operation)}
    for shape, member in places:
        assert member in (everywhere if shape == "*" else known[shape]["properties"]), (shape, member)


def test_every_error_that_the_service_has_is_in_the_contract() -> None:
    """Whatever the operation: a fault of the signature, of the rates or of a service behind may meet each."""
    shared = contract().document["components"]["responses"]
    faults = {MISSING_SIGNATURE, INCOMPLETE, INVALID, UNRECOGNIZED, EXPIRED}
    sent = {(status, kind) for refusal, (status, kind) in ANSWERS.items() if refusal is not SignatureFault}
    for status, kind in sent | {(403, fault) for fault in faults}:
        assert kind in shared[str(status)]["headers"][ERROR_TYPE]["schema"]["enum"]


@pytest.mark.parametrize(
    ("changed", "offence"),
    [
        ({"status": 418}, "GetApplication answered 418 BadRequestException, which it may not"),
        ({"kind": "OddException"}, "GetApplication 400: type 'OddException'"),
        ({"answered": b"<html>"}, "GetApplication 400 is not JSON: b'<html>'"),
        ({"answered": b'{"message": "m"}'}, "'errorCode' is a required property"),
        ({"answered": b'{"errorCode": "409", "message": "m"}'}, "errorCode is '409'"),
        ({"status": 200, "kind": "", "answered": b'{"odd": 1}'}, "'applicationId' is a required property"),
        ({"method": "DELETE", "status": 204, "kind": "", "answered": b"{}"}, "204 has a body"),
        ({"target": "/nothing", "status": 500}, "no operation answered 500"),
    ],
)  # fmt: skip
def test_the_judge_of_every_test_here_sees_what_is_wrong(changed: dict[str, Any], offence: str) -> None:
    right: dict[str, Any] = {
        "method": "GET", "target": "/applications/a?semanticVersion=1", "asked": b"", "status": 400,
        "kind": "BadRequestException", "answered": b'{"errorCode": "400", "message": "m"}',
    }  # fmt: skip
    assert contract().offences(Exchange(**right)) == []
    assert any(offence in one for one in contract().offences(Exchange(**right | changed)))
