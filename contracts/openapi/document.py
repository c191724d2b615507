"""The contract of the SDK API as an OpenAPI 3.1 document, made of botocore's model and `additions.yaml`."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

import botocore.session
import yaml
from botocore.model import OperationModel, ServiceModel

from contracts.openapi.additions import Additions, additions
from contracts.openapi.documented import first_sentence
from contracts.openapi.schemas import Schema, Schemas, input_name, located

CONTRACT = Path(__file__).parent / "sdk.yaml"
_HEAD = "# Made by `python -m contracts.openapi` from botocore's model and additions.yaml: change those.\n"
_SERVER = {
    "url": "https://{host}/{stage}",
    "variables": {"host": {"default": "localhost"}, "stage": {"default": "alpha"}},
}
_ERROR = {
    "type": "object",
    "properties": {
        "errorCode": {"type": "string", "pattern": "^[45][0-9][0-9]$"},
        "message": {"type": "string"},
    },
    "required": ["errorCode", "message"],
    "additionalProperties": False,
}


def service_model() -> ServiceModel:
    """botocore's, of the installed version."""
    return botocore.session.get_session().get_service_model("serverlessrepo")


def document(model: ServiceModel, more: Additions | None = None) -> dict[str, Any]:
    """The whole OpenAPI document, in an order that depends on the model alone."""
    more = more or additions()
    schemas = Schemas(model, more)
    paths: dict[str, Any] = {}
    operations = [model.operation_model(name) for name in sorted(model.operation_names)]
    for operation in operations:
        schemas.asked(operation)  # first: a data type that is asked and answered has the constraints
    for operation in operations:
        methods = paths.setdefault(operation.http["requestUri"], {})
        methods[operation.http["method"].lower()] = _operation(operation, schemas, more)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Serverless Registry, SDK API",
            "version": model.api_version,
            "description": "The API of the AWS Serverless Application Repository, as the AWS SDKs speak it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [_SERVER],
        "security": [{"signatureVersion4": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "responses": _refusals(model, more),
            "schemas": dict(sorted({**schemas.components, "Error": _ERROR}.items())),
            "securitySchemes": {
                "signatureVersion4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": f"AWS Signature Version 4, service name {model.signing_name}",
                }
            },
        },
    }


def text_of(contract: dict[str, Any]) -> str:
    """As it stands in the file."""
    return _HEAD + yaml.dump(contract, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


def _operation(operation: OperationModel, schemas: Schemas, more: Additions) -> Schema:
    made: Schema = {"operationId": operation.name, "summary": first_sentence(operation.documentation)}
    if parameters := list(_parameters(operation, schemas)):
        made["parameters"] = parameters
    if (body := schemas.asked(operation)) is not None:
        required = bool(schemas.components[input_name(operation.name)].get("required"))
        made["requestBody"] = {"required": required, "content": {"application/json": {"schema": body}}}
    status = operation.http["responseCode"]
    success: Schema = {"description": HTTPStatus(status).phrase}
    if (answered := schemas.answered(operation)) is not None:
        success["content"] = {"application/json": {"schema": answered}}
    refusals = {
        str(code): {"$ref": f"#/components/responses/{code}"} for code in sorted(_refused(operation, more))
    }
    made["responses"] = {str(status): success, **refusals}
    return made


def _parameters(operation: OperationModel, schemas: Schemas) -> Any:
    required = set(operation.input_shape.required_members) if operation.input_shape else set()
    for place, wire, member, shape in located(operation):
        if place != "body":
            schema = schemas.member(input_name(operation.name), wire, shape)
            yield {"name": wire, "in": place, "required": member in required, "schema": schema}


def _refused(operation: OperationModel, more: Additions) -> dict[int, set[str]]:
    """Status -> error types."""
    types: dict[int, set[str]] = {}
    for shape in operation.error_shapes:
        types.setdefault(shape.metadata["error"]["httpStatusCode"], set()).add(shape.name)
    for row in more.errors_of(operation.name):
        types.setdefault(row.status, set()).add(row.type)
    return types


def _refusals(model: ServiceModel, more: Additions) -> Schema:
    """The answers that operations share, by status; the type of an error depends on nothing else."""
    types: dict[int, set[str]] = {}
    for name in model.operation_names:
        for status, names in _refused(model.operation_model(name), more).items():
            types.setdefault(status, set()).update(names)
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": {
                "x-amzn-ErrorType": {"required": True, "schema": {"type": "string", "enum": sorted(names)}}
            },
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for status, names in sorted(types.items())
    }


class _Plain(yaml.SafeDumper):
    """Repeats a value instead of naming it."""

    def ignore_aliases(self, _data: object) -> bool:
        return True
