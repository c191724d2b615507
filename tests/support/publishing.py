"""Publish one application of the corpus and compare what comes back with an independent reading of it."""

import urllib.request
from dataclasses import dataclass
from typing import Any

import yaml
from botocore.exceptions import ClientError

from tests.support.corpus import prepared

# Member of the API's ParameterDefinition -> attribute of a template's parameter.
TEXTS = {"Type": "Type", "Description": "Description", "AllowedPattern": "AllowedPattern",
         "ConstraintDescription": "ConstraintDescription", "DefaultValue": "Default"}  # fmt: skip
NUMBERS = {"MaxLength": "MaxLength", "MinLength": "MinLength", "MaxValue": "MaxValue", "MinValue": "MinValue"}


class _IndependentLoader(yaml.SafeLoader):
    """Plain PyYAML that keeps scalars as text and unknown tags as nothing; shares no code of ours."""


_IndependentLoader.yaml_implicit_resolvers = {}
_IndependentLoader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    name: str
    differences: tuple[str, ...]
    server_faults: int


def publish_and_read_back(client: Any, app: dict[str, Any], *, prefix: str, bucket: str, key: str) -> Outcome:
    """Creates `<prefix><name>` with version 1.0.0 and reads it back."""
    asked = prepared(app, bucket, key)
    name = f"{prefix}{app['name']}"[:140]
    sent = {
        "Name": name,
        "Author": asked["author"],
        "Description": asked["description"],
        "SourceCodeUrl": asked["source_url"],
        "ReadmeBody": asked["readme"],
        "TemplateBody": asked["template"],
        "SemanticVersion": "1.0.0",
    }
    try:
        made = client.create_application(**{member: value for member, value in sent.items() if value})
        got = client.get_application(ApplicationId=made["ApplicationId"], SemanticVersion="1.0.0")
    except ClientError as refusal:
        status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
        return Outcome(name=name, differences=(f"refused: {refusal}",), server_faults=int(status >= 500))
    differences = [
        *_metadata(sent, got),
        *_parameters(asked["template"], got["Version"]["ParameterDefinitions"]),
    ]
    if sent["ReadmeBody"] and (fetched := _fetch(got["ReadmeUrl"])) != sent["ReadmeBody"]:
        differences.append(f"readme: {len(fetched)} characters came back of {len(sent['ReadmeBody'])}")
    return Outcome(name=name, differences=tuple(differences), server_faults=0)


def _metadata(sent: dict[str, Any], got: dict[str, Any]) -> list[str]:
    pairs = [(member, sent[member], got.get(member)) for member in ("Name", "Author", "Description")]
    version = got["Version"]
    pairs += [(member, sent[member], version.get(member)) for member in ("SemanticVersion", "SourceCodeUrl")]
    return [
        f"{member}: sent {one!r}, got {other!r}" for member, one, other in pairs if (one or None) != other
    ]


def _parameters(template: str, got: list[dict[str, Any]]) -> list[str]:
    document = yaml.load(template, Loader=_IndependentLoader)
    expected = {
        name: _definition(attributes or {}) for name, attributes in (document.get("Parameters") or {}).items()
    }
    found = {one["Name"]: _comparable(one) for one in got}
    return [
        f"parameter {name}: expected {expected.get(name)}, got {found.get(name)}"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def _definition(attributes: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        ours: attributes[theirs] for ours, theirs in TEXTS.items() if theirs in attributes
    }
    made |= {ours: int(attributes[theirs]) for ours, theirs in NUMBERS.items() if theirs in attributes}
    if "AllowedValues" in attributes:
        made["AllowedValues"] = list(attributes["AllowedValues"])
    made["NoEcho"] = str(attributes.get("NoEcho", "")).lower() == "true"
    return made


def _comparable(definition: dict[str, Any]) -> dict[str, Any]:
    kept = {
        member: value
        for member, value in definition.items()
        if member not in {"Name", "ReferencedByResources"}
    }
    return kept | {"NoEcho": kept.get("NoEcho", False)}


def _fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())
