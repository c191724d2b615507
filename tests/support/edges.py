"""Every constraint of the contract, with values at its edge, inside of it and outside."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.contract import Operation, contract
from tests.support.entities import arn

Schema = Mapping[str, Any]
TEMPLATE = "Resources: {Q: {Type: AWS::SQS::Queue}}"
STATEMENT = {"actions": ["Deploy"], "principals": ["123456789012"]}
# A right value of what every request to an operation needs, and of what a member needs inside of it.
RIGHT: Mapping[str, Any] = {
    "applicationId": str(arn("edges")),
    "author": "Ada",
    "description": "first",
    "name": "edges",
    "organizationId": "o-exampleorg1",
    "semanticVersion": "1.0.0",
    "stackName": "hello",
    "statements": [STATEMENT],
    "templateBody": TEMPLATE,
    "templateId": "a8b2fb2a-04b7-4e7f-9b0f-2f6f1f1d0d0e",
    "key": "k",
    "value": "v",
    "arn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
    "type": "AWS::CloudWatch::Alarm",
    "actions": ["Deploy"],
    "principals": ["123456789012"],
}
# What a member needs beside it.
_BESIDE = {"principalOrgIDs": {"actions": ["Deploy", "UnshareApplication"]}}
# Beyond the limit of a body, so that only a document in S3 can be so large.
MAX_BODY_BYTES = 4_700_000
_numbers = itertools.count(1)
_ODD = ("", " ", "é", "not ok!", "-", "a\n", "\u0000")
# How refusals speak of a member, where not by its name.
_SAID_AS = {"applicationId": "is not the ARN of an application", "templateBody": "emplate"}


@dataclass(frozen=True, kw_only=True)
class Edge:
    """`place`: path, query or body; `member`: as in `tags[0].key`; `inside`: whether it must be taken."""

    operation: str
    place: str
    member: str
    keyword: str
    value: Any
    inside: bool

    def __str__(self) -> str:
        shown = repr(self.value)
        shown = shown if len(shown) < 25 else f"{len(str(self.value))} long"
        return f"{self.operation} {self.member} {self.keyword} {'' if self.inside else 'not '}{shown}"

    @property
    def said_as(self) -> str:
        """What a refusal's text holds when it is about this member."""
        leaf = re.sub(r"\[\d+\]$", "", self.member).rpartition(".")[2]
        return _SAID_AS.get(leaf, leaf)


def edges() -> Iterator[Edge]:
    """Those of every member that any operation is asked, in the contract's order."""
    for operation in contract().operations.values():
        for one in operation.said.get("parameters", ()):
            yield from _of(operation, one["in"], one["name"], one["schema"], lambda value: value)
        schema = contract().asked_schema(operation)
        if schema is not None:
            yield from _of_object(operation, "", schema, lambda value: value)


def members_with(operation: Operation, edge: Edge) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What to ask by path, query and body: only what is needed, and the edge's value in its place."""
    said = operation.said.get("parameters", ())
    path = {one["name"]: RIGHT[one["name"]] for one in said if one["in"] == "path"}
    query: dict[str, Any] = {}
    schema = contract().asked_schema(operation) or {}
    body = {name: copy.deepcopy(RIGHT[name]) for name in schema.get("required", ())}
    if operation.name == "CreateApplication":
        body["name"] = f"edges-{next(_numbers)}"
    top = re.split(r"[.\[]", edge.member)[0]
    if operation.name == "CreateApplicationVersion" and top not in ("templateBody", "templateUrl"):
        body["templateBody"] = TEMPLATE
    if operation.name == "CreateApplication" and top == "semanticVersion":
        body["templateBody"] = TEMPLATE
    {"path": path, "query": query, "body": body}[edge.place][top] = edge.value
    return path, query, body


def _of_object(
    operation: Operation, inside: str, schema: Schema, put: Callable[[Any], Any]
) -> Iterator[Edge]:
    """`put` makes the top member's value out of the object that holds the edge."""
    for name, member in schema["properties"].items():
        needed = {one: RIGHT[one] for one in schema.get("required", ()) if one != name}
        needed |= _BESIDE.get(name, {})

        def held(value: Any, name: str = name, needed: Mapping[str, Any] = needed) -> Any:
            return put({**needed, name: value}) if inside else put(value)

        yield from _of(operation, "body", f"{inside}{name}", member, held)


def _of(
    operation: Operation, place: str, member: str, reference: Schema, put: Callable[[Any], Any]
) -> Iterator[Edge]:
    schema = contract().schema(reference)
    for keyword, value, inside in _cases(schema, member):
        yield Edge(
            operation=operation.name,
            place=place,
            member=member,
            keyword=keyword,
            value=put(value),
            inside=inside,
        )
    if schema.get("type") == "object":
        yield from _of_object(operation, f"{member}.", schema, put)
    if schema.get("type") == "array":
        items = contract().schema(schema["items"])
        if items.get("type") == "object":
            yield from _of_object(operation, f"{member}[0].", items, lambda value: put([value]))
        else:
            yield from _of(operation, place, f"{member}[0]", items, lambda value: put([value]))


def _cases(schema: Schema, member: str) -> Iterator[tuple[str, Any, bool]]:
    match schema.get("type"):
        case "string":
            yield from _of_text(schema)
        case "integer":
            for keyword, outwards in (("minimum", -1), ("maximum", 1)):
                if keyword in schema:
                    edge = schema[keyword]
                    yield keyword, edge + outwards, False
                    yield keyword, edge, True
                    yield keyword, edge - outwards, True
        case "array":
            for keyword, outwards in (("minItems", -1), ("maxItems", 1)):
                if keyword in schema:
                    edge = schema[keyword]
                    yield keyword, _items(schema["items"], edge + outwards), False
                    yield keyword, _items(schema["items"], edge), True


def _of_text(schema: Schema) -> Iterator[tuple[str, str, bool]]:
    if "enum" in schema:
        yield from (("enum", one, True) for one in schema["enum"])
        yield from (("enum", one, False) for one in (schema["enum"][0].lower(), "", "Odd"))
        return
    pattern = re.compile(schema.get("pattern", "").replace("$", r"\Z"))
    example = schema.get("examples", ["a"])[0]
    for keyword, outwards in (("minLength", -1), ("maxLength", 1)):
        if keyword in schema:
            for by in (outwards, 0, -outwards):
                text = _of_length(example, schema[keyword] + by)
                if by == outwards or pattern.search(text):
                    yield keyword, text, by != outwards
    if "pattern" in schema:
        candidates = (example, *_ODD, f"{example}\n", f" {example}")
        yield from (
            ("pattern", one, one == example) for one in candidates if _is_clear(pattern, one, example)
        )
    if "x-max-bytes" in schema and (most := schema["x-max-bytes"]) < MAX_BODY_BYTES:
        padded = f"{TEMPLATE}\n#"
        yield from (("x-max-bytes", _of_length(padded, most + by), by <= 0) for by in (-1, 0, 1))


def _is_clear(pattern: re.Pattern[str], text: str, example: str) -> bool:
    """Patterns that tell only how a value begins leave open what its rest may be."""
    return text == example or pattern.search(text) is None


def _of_length(example: str, length: int) -> str:
    """The example cut, or its last character repeated."""
    return example[:length] if length <= len(example) else example + example[-1] * (length - len(example))


def _items(reference: Schema, count: int) -> list[Any]:
    """Right ones, no two the same."""
    schema = contract().schema(reference)
    if schema.get("type") != "object":
        if "enum" in schema:
            return [schema["enum"][0]] * count
        example = schema.get("examples", ["a"])[0]
        numbered = f"{example}{{}}" if not example.isdigit() else "{:012}"
        return [numbered.format(number) for number in range(count)]
    names = schema.get("required", ())
    numbered_member = next((one for one in ("name", "key") if one in names), None)
    return [
        {name: f"k{number}" if name == numbered_member else RIGHT[name] for name in names}
        for number in range(count)
    ]
