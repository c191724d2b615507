"""What a template says about itself before anybody deploys it (serverlessrepo-api.md §3, §5).

Oddities that CloudFormation or SAM would refuse later become warnings: only what the API page lists is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.domain.assets import asset_warnings
from registry.domain.parameters import ParameterDefinition, read_parameter, references, scalar_text
from registry.domain.positions import dotted
from registry.domain.resources import Resource, resources_of
from registry.domain.templates import Template

MAX_PARAMETERS = 200  # CloudFormation's quotas: more are a warning, for a macro may still change the template
MAX_RESOURCES = 500

NESTED = "AWS::Serverless::Application"
_NAMED_BY = {  # PolicyName names no resource of its own
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::Role": "RoleName",
}
_RESOURCE_POLICIES = {
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Policy",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
_NO_VALUE = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True, kw_only=True)
class NestedApplication:
    """An application that this one brings with it, named by literals."""

    application_id: str
    semantic_version: str


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """`nested`: each pair once, in the template's order; what an intrinsic names is known at deployment.

    `resource_types` are sorted. `warnings` never block a publication.
    """

    parameters: tuple[ParameterDefinition, ...]
    required_capabilities: tuple[str, ...]
    nested: tuple[NestedApplication, ...]
    resource_types: tuple[str, ...]
    warnings: tuple[str, ...]


def analyse(template: Template) -> Analysis:
    """Raises nothing: a nested application that is a local template is a warning (docs/adr/0008)."""
    resources = list(resources_of(template.document))
    parameters, warnings = _parameters(template.document.get("Parameters"), resources)
    nested, unresolved = _nested(resources)
    return Analysis(
        parameters=parameters,
        required_capabilities=_capabilities(resources),
        nested=nested,
        resource_types=tuple(sorted({one.type for one in resources})),
        warnings=(
            *template.warnings,
            *warnings,
            *unresolved,
            *asset_warnings(template),
            *_quotas(parameters, resources),
        ),
    )


def _parameters(
    section: object, resources: Sequence[Resource]
) -> tuple[tuple[ParameterDefinition, ...], list[str]]:
    if section is None:
        return (), []
    if not isinstance(section, dict):
        return (), ["Parameters is not a map of parameters"]
    users: dict[str, list[str]] = {name: [] for name in section}
    for resource in resources:
        for name in references(resource.body) & users.keys():
            users[name].append(resource.logical_id)
    read = [read_parameter(name, said, tuple(users[name])) for name, said in section.items()]
    return tuple(one for one, _ in read), [warning for _, warnings in read for warning in warnings]


def _capabilities(resources: Iterable[Resource]) -> tuple[str, ...]:
    needed = set()
    for one in resources:
        if one.type in _NAMED_BY:
            custom = one.properties.get(_NAMED_BY[one.type])
            is_named = custom is not None and custom != _NO_VALUE
            needed.add("CAPABILITY_NAMED_IAM" if is_named else "CAPABILITY_IAM")
        if one.type == "AWS::IAM::Policy":
            needed.add("CAPABILITY_IAM")
        if one.type in _RESOURCE_POLICIES:
            needed.add("CAPABILITY_RESOURCE_POLICY")
        if one.type == NESTED:
            needed.add("CAPABILITY_AUTO_EXPAND")
    if "CAPABILITY_NAMED_IAM" in needed:  # which includes the other
        needed.discard("CAPABILITY_IAM")
    return tuple(sorted(needed))


def _nested(resources: Iterable[Resource]) -> tuple[tuple[NestedApplication, ...], list[str]]:
    found: dict[NestedApplication, None] = {}
    warnings = []
    for one in resources:
        if one.type != NESTED:
            continue
        location = one.properties.get("Location")
        if isinstance(location, str):
            warnings.append(_template_address(one, location))
            continue
        said: Mapping[str, Any] = location if isinstance(location, dict) else {}
        application_id = scalar_text(said.get("ApplicationId"))
        semantic_version = scalar_text(said.get("SemanticVersion"))
        if application_id is None or semantic_version is None:
            warnings.append(f"{dotted(one.path)} names its application or version only at deployment")
        else:
            found[NestedApplication(application_id=application_id, semantic_version=semantic_version)] = None
    return tuple(found), warnings


def _template_address(nested: Resource, location: str) -> str:
    if location.startswith(("s3://", "https://")):
        return (
            f"{dotted(nested.path)} nests a template outside the registry: consumers must be able to read it"
        )
    return (
        f"Resource with id [{nested.logical_id}] is invalid. Location property must be an Application "
        "Location Object referencing a valid AWS Serverless Application Repository application. "
        "A consumer cannot deploy this version."
    )


def _quotas(parameters: Sequence[object], resources: Sequence[object]) -> list[str]:
    return [
        f"The template has {len(found)} {noun}, CloudFormation takes {quota}"
        for noun, found, quota in (
            ("parameters", parameters, MAX_PARAMETERS),
            ("resources", resources, MAX_RESOURCES),
        )
        if len(found) > quota
    ]
