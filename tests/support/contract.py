"""The contract (contracts/openapi/sdk.yaml) as a judge of answers, whoever asked and whatever answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from jsonschema import Draft202012Validator

from contracts.openapi.document import CONTRACT

ERROR_TYPE = "x-amzn-ErrorType"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One of the API's; `said` is its OpenAPI object."""

    name: str
    method: str
    path: str
    said: Mapping[str, Any]

    @property
    def success(self) -> int:
        return next(int(status) for status in self.said["responses"] if status.startswith("2"))


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What went over the wire. `target`: path and query without the stage; `kind`: the error's type or ""."""

    method: str
    target: str
    asked: bytes
    status: int
    kind: str
    answered: bytes


class Contract:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._validators: dict[str, Draft202012Validator] = {}
        self.operations = {
            said["operationId"]: Operation(
                name=said["operationId"], method=method.upper(), path=path, said=said
            )
            for path, methods in document["paths"].items()
            for method, said in methods.items()
        }

    def operation_at(self, method: str, target: str) -> Operation | None:
        """By its path, cut at the slashes before anything is decoded."""
        segments = urlsplit(target).path.split("/")
        for operation in self.operations.values():
            pattern = operation.path.split("/")
            if operation.method == method and len(pattern) == len(segments):
                pairs = zip(pattern, segments, strict=True)
                if all(one == got or (got and one.startswith("{")) for one, got in pairs):
                    return operation
        return None

    def offences(self, exchange: Exchange) -> list[str]:
        """What an answer is or has that the contract does not allow."""
        operation = self.operation_at(exchange.method, exchange.target)
        if operation is None:
            return self._of_no_operation(exchange)
        response = operation.said["responses"].get(str(exchange.status))
        if response is None:
            return [f"{operation.name} answered {exchange.status} {exchange.kind}, which it may not"]
        response = self._resolved(response)
        kinds = response.get("headers", {}).get(ERROR_TYPE, {}).get("schema", {}).get("enum", [""])
        found = (
            [] if exchange.kind in kinds else [f"{operation.name} {exchange.status}: type {exchange.kind!r}"]
        )
        content = response.get("content")
        if content is None:
            return found + ([f"{operation.name} {exchange.status} has a body"] if exchange.answered else [])
        schema = content["application/json"]["schema"]
        return found + [f"{operation.name} {exchange.status} {one}" for one in self._faults(exchange, schema)]

    def _of_no_operation(self, exchange: Exchange) -> list[str]:
        schema = {"$ref": "#/components/schemas/Error"}
        found = [f"no operation, {exchange.status} {one}" for one in self._faults(exchange, schema)]
        if not 400 <= exchange.status < 500:
            found.append(f"no operation answered {exchange.status}")
        return found

    def _faults(self, exchange: Exchange, schema: Mapping[str, Any]) -> Iterator[str]:
        try:
            value = json.loads(exchange.answered)
        except ValueError:
            yield f"is not JSON: {exchange.answered[:100]!r}"
            return
        for error in self._validator(schema["$ref"]).iter_errors(value):
            yield f"at {error.json_path}: {error.message[:200]}"
        if exchange.kind and value.get("errorCode") != str(exchange.status):
            yield f"errorCode is {value.get('errorCode')!r}"

    def _validator(self, reference: str) -> Draft202012Validator:
        if reference not in self._validators:
            whole = {"$ref": reference, "components": self.document["components"]}
            self._validators[reference] = Draft202012Validator(whole)
        return self._validators[reference]

    def _resolved(self, one: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in one:
            return one
        found: Any = self.document
        for step in one["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def schema(self, reference: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a `$ref` names, or the schema itself."""
        return self._resolved(reference)

    def asked_schema(self, operation: Operation) -> Mapping[str, Any] | None:
        """The schema of the body, None where there is none."""
        body = operation.said.get("requestBody")
        return None if body is None else self._resolved(body["content"]["application/json"]["schema"])


@cache
def contract() -> Contract:
    return Contract(yaml.load(CONTRACT.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def members_of(value: object, inside: str = "") -> Iterator[str]:
    """Dotted names of every member that a JSON value has: `tags[].key`."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield f"{inside}{name}"
            yield from members_of(one, f"{inside}{name}.")
    elif isinstance(value, list):
        for one in value:
            yield from members_of(one, f"{inside.removesuffix('.')}[].")


def asked_members(operation: Operation, exchange: Exchange) -> set[str]:
    """Those in the path and query, and those in the body, as far as it is an object."""
    parts = urlsplit(exchange.target)
    found = {one[1:-1] for one in operation.path.split("/") if one.startswith("{")}
    found |= {unquote(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    try:
        body = json.loads(exchange.asked) if exchange.asked else {}
    except (ValueError, RecursionError):
        body = {}
    return found | set(members_of(body) if isinstance(body, dict) else ())
