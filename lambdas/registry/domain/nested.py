"""Applications and templates that a template nests (serverlessrepo-api.md §7, §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from registry.domain.applications import Dependency
from registry.domain.arns import ApplicationArn
from registry.domain.literals import NO_VALUE, branches, is_function, literal_text
from registry.domain.positions import dotted
from registry.domain.resources import Resource, in_loop
from registry.domain.versions import parse as parse_version
from registry.errors import Invalid

APPLICATION = "AWS::Serverless::Application"
STACK = "AWS::CloudFormation::Stack"

# AWS's words, which clients and people look for.
_NO_APPLICATION = (
    "Location property must be an Application Location Object referencing a valid AWS Serverless Application "
    "Repository application"
)
_ADDRESSES = {STACK: "TemplateURL", "AWS::CloudFormation::StackSet": "TemplateURL"}
_ELSEWHERE = ("https://", "s3://")
_SHOWN_FAULTS = 20


@dataclass(frozen=True, kw_only=True)
class Nested:
    """`applications`: each pair of literals once, in the template's order. `warnings` block nothing."""

    applications: tuple[Dependency, ...]
    warnings: tuple[str, ...]


def nested_in(resources: Iterable[Resource]) -> Nested:
    """What intrinsics name is known at deployment, so it is a warning.

    Raises Invalid for a `Location` that is no application of a repository, such as a template's path or
    address: that is what AWS refuses. The template of a nested stack is not looked at: at a URL it is the
    publisher's to keep readable, and a local one is a warning.
    """
    reading = _Reading()
    for one in resources:
        if one.type == APPLICATION:
            for _, location in branches(one.properties.get("Location")):
                reading.location(one, location)
        elif one.type in _ADDRESSES:
            for _, address in branches(one.properties.get(_ADDRESSES[one.type])):
                reading.address(one, address)
    if reading.faults:
        raise Invalid(
            "Invalid Serverless Application Specification document. Number of errors found: "
            f"{len(reading.faults)}. Errors: {' '.join(reading.faults[:_SHOWN_FAULTS])}"
        )
    return Nested(applications=tuple(reading.applications), warnings=tuple(reading.warnings))


class _Reading:
    def __init__(self) -> None:
        self.applications: dict[Dependency, None] = {}
        self.warnings: list[str] = []
        self.faults: list[str] = []

    def location(self, nested: Resource, location: object) -> None:
        if is_function(location) and location != NO_VALUE:
            self._late(nested)
            return
        said = location if isinstance(location, dict) else {}
        values = said.get("ApplicationId"), said.get("SemanticVersion")
        application_id, version = (_told(nested, value) for value in values)
        if not all(isinstance(value, dict | str) for value in values) or not (
            _is(ApplicationArn.parse, application_id) and _is(parse_version, version)
        ):
            self._fault(nested, f"{_NO_APPLICATION}.")
        elif application_id is None or version is None:
            self._late(nested)
        else:
            self.applications[Dependency(application_id=application_id, semantic_version=version)] = None

    def address(self, stack: Resource, address: object) -> None:
        text = _told(stack, address)
        if text is None:
            if isinstance(address, dict) and address != NO_VALUE:
                self._late(stack)
        elif text.lower().startswith(_ELSEWHERE):
            self.warnings.append(
                f"{dotted(stack.path)} nests a template from elsewhere: consumers must be able to read it"
            )
        else:
            self.warnings.append(
                f"{dotted(stack.path)} nests a local template, so no consumer can deploy this version: "
                f"publish it as an application and nest that ({APPLICATION})"
            )

    def _late(self, nested: Resource) -> None:
        what = "application or version" if nested.type == APPLICATION else "template"
        self.warnings.append(f"{dotted(nested.path)} names its {what} only at deployment")

    def _fault(self, nested: Resource, why: str) -> None:
        self.faults.append(f"Resource with id [{nested.logical_id[:255]}] is invalid. {why}")


def _told(resource: Resource, value: object) -> str | None:
    """None for what only deployment tells."""
    text = literal_text(value)
    return None if text is not None and "${" in text and in_loop(resource.path) else text


def _is(parse: Callable[[str], object], text: str | None) -> bool:
    """What is not told yet may still be right."""
    try:
        return text is None or bool(parse(text))
    except Invalid:
        return False
