"""Hypothesis strategies for requests: near to the contract, at its edges, and far from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.support.contract import Operation, contract
from tests.support.entities import CONSUMER, arn

Schema = Mapping[str, Any]
Strategy = st.SearchStrategy[Any]

FUNCTION = """\
Transform: AWS::Serverless-2016-10-31
Parameters: {Name: {Type: String, Default: x, AllowedValues: [x, y], MaxLength: 5}}
Conditions: {Named: !Not [!Equals [!Ref Name, x]]}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: 's3://packages-111111111111/code.zip', Handler: a.b, Runtime: python3.11}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !If [Named, !Ref Name, !Ref AWS::NoValue]}}
"""
NESTED = f"""
Resources:
  N:
    Type: AWS::Serverless::Application
    Properties: {{Location: {{ApplicationId: '{arn("fuzz")}', SemanticVersion: 1.0.0}}}}
"""
TEMPLATES = (FUNCTION, NESTED, "Resources: {Q: {Type: AWS::SQS::Queue}}", "{}", "")
VERSIONS = ("1.0.0", "1.0.0+b.1", "1.0.0-rc.1", "2.0.0", "999999999999999999999.0.0", "1.0", "v1.0.0", "")
# What exists when the tests begin: `fuzz` of the publisher, with version 1.0.0.
APPLICATIONS = tuple(str(one) for one in (arn("fuzz"), arn("absent"), arn("foreign", CONSUMER)))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """`target`: path and query, percent-encoded, without the stage."""

    operation: str
    method: str
    target: str
    body: bytes


_text = st.text(max_size=40)
_junk: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(_text, inside, max_size=3),
    max_leaves=6,
)


@st.composite
def _damaged(draw: st.DrawFn, text: str) -> str:
    """With a piece cut out and another put in."""
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 40)))
    return text[:start] + draw(st.text(st.characters(), max_size=10)) + text[end:]


_template = st.sampled_from(TEMPLATES)
# Without which a request at random would hardly ever get as far as what it is about.
_RIGHT: dict[str, Strategy] = {
    "applicationId": st.sampled_from(APPLICATIONS),
    "semanticVersion": st.sampled_from(VERSIONS[:4]),
    "templateBody": _template,
    "name": st.sampled_from(("fuzz", "a", "b")),
    "spdxLicenseId": st.sampled_from(("MIT", "Apache-2.0")),
    "licenseUrl": st.just("s3://packages-111111111111/text.md"),
    "readmeUrl": st.just("s3://packages-111111111111/text.md"),
    "templateUrl": st.just("s3://packages-111111111111/template.yaml"),
    "sourceCodeArchiveUrl": st.just("s3://packages-111111111111/code.zip"),
    "nextToken": st.nothing(),
}
_WRONG: dict[str, Strategy] = {
    "applicationId": st.sampled_from(APPLICATIONS).flatmap(_damaged),
    "semanticVersion": st.sampled_from(VERSIONS) | st.sampled_from(VERSIONS).flatmap(_damaged),
    "templateBody": _template.flatmap(_damaged),
}


@dataclass(frozen=True, kw_only=True)
class _Values:
    """`right`: of the schema; otherwise also just beyond its edges, and now and then anything at all."""

    right: bool

    def of(self, schema: Schema, name: str = "") -> Strategy:
        schema = contract().schema(schema)
        match schema.get("type"):
            case "object":
                required = set(schema.get("required", ()))
                members = {one: self.given(inner, one) for one, inner in schema["properties"].items()}
                return st.fixed_dictionaries(
                    {one: value for one, value in members.items() if one in required},
                    optional={
                        one: value
                        for one, value in members.items()
                        if one not in required and not value.is_empty
                    },
                )
            case "array":
                longest = min(schema.get("maxItems", 4) + (not self.right), 12)
                return st.lists(
                    self.given(schema["items"]), min_size=schema.get("minItems", 0), max_size=longest
                )
            case "integer":
                beyond = 0 if self.right else 1
                return st.integers(schema.get("minimum", 0) - beyond, schema.get("maximum", 5) + beyond)
            case "string":
                return self._text(schema, name)
        return _junk

    def given(self, schema: Schema, name: str = "") -> Strategy:
        value = self.of(schema, name)
        return value if self.right else st.integers(0, 7).flatmap(lambda die: value if die else _junk)

    def _text(self, schema: Schema, name: str) -> Strategy:
        if self.right and name in _RIGHT:
            return _RIGHT[name]
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        longest = schema.get("maxLength", 200)
        found: Strategy = st.just("a" * longest) | st.text("abc 19", min_size=1, max_size=30)
        if "pattern" in schema:
            found = st.from_regex(schema["pattern"], fullmatch=True).map(lambda text: text[:longest])
        if "examples" in schema:
            found = st.sampled_from(schema["examples"])
        if self.right:
            return found
        wrong = st.text(max_size=30) | st.integers(-1, 1).map(lambda by: "a" * (longest + by))
        return found | wrong | _RIGHT.get(name, st.nothing()) | _WRONG.get(name, st.nothing())


def requests_to(operation: Operation) -> st.SearchStrategy[Asked]:
    """Requests to one operation: half of them right in every member, the others anything."""
    schema = contract().asked_schema(operation)
    bodies: list[Strategy] = [st.just(b"")] * 2
    if schema is not None:
        right, wild = _Values(right=True).of(schema), _Values(right=False).of(schema)
        bodies = [
            right.map(_of_one_source).map(_json),
            wild.map(_json) | _junk.map(_json) | st.binary(max_size=30).filter(_is_utf8),
        ]
    return _to(operation, _Values(right=True), bodies[0]) | _to(operation, _Values(right=False), bodies[1])


def _to(operation: Operation, values: _Values, body: Strategy) -> st.SearchStrategy[Asked]:
    parameters = operation.said.get("parameters", ())
    path = {one["name"]: values.of(one["schema"], one["name"]) for one in parameters if one["in"] == "path"}
    query = {
        one["name"]: value
        for one in parameters
        if one["in"] == "query" and not (value := values.given(one["schema"], one["name"])).is_empty
    }
    return st.builds(
        lambda path, query, body: Asked(
            operation=operation.name,
            method=operation.method,
            target=_target(operation.path, path, query),
            body=body,
        ),
        st.fixed_dictionaries(path),
        st.fixed_dictionaries({}, optional=query),
        body,
    )


def any_request() -> st.SearchStrategy[Asked]:
    """To any operation of the contract, each as often as another."""
    return st.sampled_from(sorted(contract().operations)).flatmap(
        lambda name: requests_to(contract().operations[name])
    )


def _target(pattern: str, path: Mapping[str, object], query: Mapping[str, object]) -> str:
    target = pattern
    for name, value in path.items():
        target = target.replace(f"{{{name}}}", quote(_encodable(value), safe="") or "-")
    pairs = [(name, _encodable(value)) for name, value in query.items()]
    return target + (f"?{urlencode(pairs, quote_via=quote)}" if pairs else "")


def _of_one_source(body: dict[str, Any]) -> dict[str, Any]:
    """A document's body goes before its URL; both are refused."""
    both = {f"{one}Url" for one in ("license", "readme", "template") if f"{one}Body" in body}
    return {name: value for name, value in body.items() if name not in both}


def _encodable(value: object) -> str:
    return str(value).encode(errors="replace").decode()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _is_utf8(content: bytes) -> bool:
    try:
        return content.decode() is not None
    except UnicodeDecodeError:
        return False
