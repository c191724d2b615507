"""What a template says about itself before anybody deploys it (serverlessrepo-api.md §3, §5).

Oddities that CloudFormation or SAM would refuse later become warnings: only what the API page lists is
refused. Macros may still change the template, so what they do to it is known to nobody here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.domain.applications import Dependency
from registry.domain.assets import asset_warnings
from registry.domain.literals import NO_VALUE, branches
from registry.domain.nested import APPLICATION, STACK, nested_in
from registry.domain.parameters import ParameterDefinition, read_parameter
from registry.domain.references import users_of
from registry.domain.resources import Resource, resources_of
from registry.domain.templates import Template
from registry.domain.transforms import transform_warnings

MAX_PARAMETERS = 200  # CloudFormation's quotas: more are a warning, for a macro may still change the template
MAX_RESOURCES = 500

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
# A change set asks for it where a nested stack has macros; a published application nearly always has SAM's.
# For the macros of the template itself it never asks (CreateChangeSet, "Capabilities").
_MAY_EXPAND = {APPLICATION, STACK}


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """`nested`: each pair once, in the template's order; what an intrinsic names is known at deployment.

    `resource_types` are sorted. `warnings` never block a publication.
    """

    parameters: tuple[ParameterDefinition, ...]
    required_capabilities: tuple[str, ...]
    nested: tuple[Dependency, ...]
    resource_types: tuple[str, ...]
    warnings: tuple[str, ...]


def analyse(template: Template) -> Analysis:
    """Raises Invalid: for a nested local template (docs/adr/0022), and for parameters used too often."""
    resources = list(resources_of(template.document))
    parameters, warnings = _parameters(template.document, resources)
    nested = nested_in(resources)
    return Analysis(
        parameters=parameters,
        required_capabilities=_capabilities(resources),
        nested=nested.applications,
        resource_types=tuple(sorted({one.type for one in resources})),
        warnings=(
            *template.warnings,
            *warnings,
            *nested.warnings,
            *asset_warnings(template),
            *transform_warnings(template.document),
            *_quotas(parameters, resources),
        ),
    )


def _parameters(
    document: Mapping[str, Any], resources: Sequence[Resource]
) -> tuple[tuple[ParameterDefinition, ...], list[str]]:
    section = document.get("Parameters")
    if section is None:
        return (), []
    if not isinstance(section, dict):
        return (), ["Parameters is not a map of parameters"]
    users = users_of(section, document, resources)
    read = [read_parameter(name, said, tuple(users[name])) for name, said in section.items()]
    return tuple(one for one, _ in read), [warning for _, warnings in read for warning in warnings]


def _capabilities(resources: Iterable[Resource]) -> tuple[str, ...]:
    needed = set()
    for one in resources:
        if one.type in _NAMED_BY:
            custom = one.properties.get(_NAMED_BY[one.type])
            is_named = any(name not in (None, NO_VALUE) for _, name in branches(custom))
            needed.add("CAPABILITY_NAMED_IAM" if is_named else "CAPABILITY_IAM")
        if one.type == "AWS::IAM::Policy":
            needed.add("CAPABILITY_IAM")
        if one.type in _RESOURCE_POLICIES:
            needed.add("CAPABILITY_RESOURCE_POLICY")
        if one.type in _MAY_EXPAND:
            needed.add("CAPABILITY_AUTO_EXPAND")
    if "CAPABILITY_NAMED_IAM" in needed:  # which includes the other
        needed.discard("CAPABILITY_IAM")
    return tuple(sorted(needed))


def _quotas(parameters: Sequence[object], resources: Sequence[object]) -> list[str]:
    return [
        f"The template has {len(found)} {noun}, CloudFormation takes {quota}"
        for noun, found, quota in (
            ("parameters", parameters, MAX_PARAMETERS),
            ("resources", resources, MAX_RESOURCES),
        )
        if len(found) > quota
    ]
