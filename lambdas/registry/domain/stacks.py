"""Templates whose nested applications are stacks that CloudFormation can make by itself.

AWS's hosted SAM transform would look a nested application up in AWS's own repository, which knows none of
these: so each becomes the stack that the transform would have made of it (SamApplication of the translator).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.domain.applications import Dependency
from registry.domain.deployments import APPLICATION_TAG, VERSION_TAG
from registry.domain.literals import NO_VALUE, literal_text
from registry.domain.nested import APPLICATION, STACK
from registry.domain.positions import dotted
from registry.domain.resources import Resource, in_loop, resources_of
from registry.domain.templates import Template
from registry.errors import Invalid

_SAM_TAG = {"Key": "lambda:createdBy", "Value": "SAM"}
_PASSED_ON = ("Parameters", "NotificationARNs", "TimeoutInMinutes")


def with_stacks(template: Template, urls: Mapping[Dependency, str]) -> Template:
    """Every nested application made the stack of the template at its URL, with its parameters and attributes.

    Raises Invalid for one that only deployment names: the transform would ask AWS's repository for it, where
    somebody else's code may have that name.
    """
    document = dict(template.document)
    copies: dict[tuple[object, ...], Any] = {(): document}
    for one in resources_of(template.document):
        if one.type != APPLICATION:
            continue
        within: Any = document
        for level, step in enumerate(one.path[:-1], start=1):
            if one.path[:level] not in copies:
                copies[one.path[:level]] = within[step] = within[step].copy()
            within = copies[one.path[:level]]
        within[one.path[-1]] = _as_stack(one, urls)
    return Template(document=document, warnings=template.warnings)


def _as_stack(nested: Resource, urls: Mapping[Dependency, str]) -> dict[str, Any]:
    properties = nested.properties
    url, application, version = _location(nested, properties.get("Location"), urls)
    said = properties.get("Tags")
    own = [{"Key": key, "Value": value} for key, value in said.items()] if isinstance(said, dict) else []
    reserved = (_SAM_TAG["Key"], APPLICATION_TAG, VERSION_TAG)
    tags = [
        _SAM_TAG,
        {"Key": APPLICATION_TAG, "Value": application},
        {"Key": VERSION_TAG, "Value": version},
        *(tag for tag in own if tag["Key"] not in reserved),
    ]
    kept = {key: value for key, value in nested.body.items() if key not in {"Type", "Properties"}}
    passed = {key: properties[key] for key in _PASSED_ON if properties.get(key) is not None}
    return {"Type": STACK, "Properties": {"TemplateURL": url, **passed, "Tags": tags}, **kept}


def _location(nested: Resource, location: object, urls: Mapping[Dependency, str]) -> tuple[Any, Any, Any]:
    """URL, application and version; each an Fn::If where the location is one."""
    said = location if isinstance(location, dict) else {}
    choice = said.get("Fn::If") if len(said) == 1 else None
    if isinstance(choice, list) and len(choice) == 3:
        sides = (_location(nested, side, urls) for side in choice[1:])
        return tuple({"Fn::If": [choice[0], *pair]} for pair in zip(*sides, strict=True))  # type: ignore[return-value]
    if location == NO_VALUE:
        return NO_VALUE, NO_VALUE, NO_VALUE
    application, version = (literal_text(said.get(key)) for key in ("ApplicationId", "SemanticVersion"))
    looped = in_loop(nested.path) and "${" in f"{application}{version}"
    if application is None or version is None or looped:
        raise Invalid(
            f"{dotted(nested.path)} names its application or version by a function that only CloudFormation "
            "can evaluate: the registry cannot deploy it. Its publisher must write both out"
        )
    url = urls[Dependency(application_id=application, semantic_version=version)]
    return url, application, version
