"""What the three operations of a deployment may be asked (serverlessrepo-api.md §2, §4, §9).

AWS says of most members of a change set only that they are those of CloudFormation's CreateChangeSet: its
limits hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from registry.domain.inputs import OfApplication, length, matching, shown
from registry.errors import Invalid

STACK_PREFIX = "serverlessrepo-"
TAG_PREFIX = "serverlessrepo:"
CAPABILITIES = (
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_AUTO_EXPAND",
    "CAPABILITY_RESOURCE_POLICY",
)
MAX_STACK_NAME = 128
MAX_PARAMETERS = 200
MAX_RESOURCE_TYPES = 500
MAX_TOPICS = MAX_TRIGGERS = 5
MAX_TAGS = 48  # CloudFormation's 50, less the two that say where a stack came from
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")

Rule = Callable[[str, str], None]
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_CHANGE_SET_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_CLIENT_TOKEN = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}")
_TEMPLATE_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:\S+")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}(?:\.fifo)?")
_RESOURCE_TYPE = re.compile(r"[A-Za-z0-9]+(?:::[A-Za-z0-9@_-]+)*(?:::\*)?")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Tag:
    key: str
    value: str


@dataclass(frozen=True, kw_only=True)
class RollbackTrigger:
    """`type` is that of an alarm of CloudWatch."""

    arn: str
    type: str


@dataclass(frozen=True, kw_only=True)
class RollbackConfiguration:
    monitoring_time_in_minutes: int | None = None
    rollback_triggers: tuple[RollbackTrigger, ...] = ()


def _stack_name(member: str, value: str) -> None:
    matching(_NAME, "letters, digits and hyphens, a letter first")(member, value)
    longest = MAX_STACK_NAME - len(STACK_PREFIX)
    if len(value) > longest:
        raise Invalid(
            f"{member} may have {longest} characters, as {STACK_PREFIX} goes before it and a stack's name "
            f"may have {MAX_STACK_NAME}; it has {len(value)}"
        )


def _capabilities(member: str, value: tuple[str, ...]) -> None:
    for place, one in enumerate(value):
        _one_of(f"{member}[{place}]", one, CAPABILITIES)


def _notification_arns(member: str, value: tuple[str, ...]) -> None:
    _at_most(member, value, MAX_TOPICS, "topics")
    for place, arn in enumerate(value):
        matching(_TOPIC, "the ARN of an SNS topic")(f"{member}[{place}]", arn)


def _resource_types(member: str, value: tuple[str, ...]) -> None:
    _at_most(member, value, MAX_RESOURCE_TYPES, "resource types")
    for place, name in enumerate(value):
        where = f"{member}[{place}]"
        length(1, 256)(where, name)
        matching(_RESOURCE_TYPE, "a resource type such as AWS::S3::Bucket, AWS::S3::* or AWS::*")(where, name)


def _parameters(member: str, value: tuple[Parameter, ...]) -> None:
    _at_most(member, value, MAX_PARAMETERS, "parameters")
    _once(member, (one.name for one in value), "name")
    for place, one in enumerate(value):
        length(1, 255)(f"{member}[{place}].name", one.name)
        length(0, 4096)(f"{member}[{place}].value", one.value)


def _tags(member: str, value: tuple[Tag, ...]) -> None:
    _at_most(member, value, MAX_TAGS, "tags")
    _once(member, (one.key for one in value), "key")
    for place, one in enumerate(value):
        where = f"{member}[{place}]"
        length(1, 128)(f"{where}.key", one.key)
        length(1, 256)(f"{where}.value", one.value)
        if one.key.startswith(TAG_PREFIX) or one.key.lower().startswith("aws:"):
            raise Invalid(
                f"{where}.key must not begin with aws: or {TAG_PREFIX}, which AWS and the registry set "
                f"themselves; {shown(one.key)} was given"
            )


def _rollback(member: str, value: RollbackConfiguration) -> None:
    minutes = value.monitoring_time_in_minutes
    if minutes is not None and not 0 <= minutes <= 180:
        raise Invalid(f"{member}.monitoringTimeInMinutes must be 0 to 180; {minutes} was given")
    triggers = f"{member}.rollbackTriggers"
    _at_most(triggers, value.rollback_triggers, MAX_TRIGGERS, "triggers")
    for place, one in enumerate(value.rollback_triggers):
        matching(_ARN, "the ARN of an alarm")(f"{triggers}[{place}].arn", one.arn)
        _one_of(f"{triggers}[{place}].type", one.type, ALARMS)


def _at_most(member: str, value: tuple[object, ...], most: int, noun: str) -> None:
    if len(value) > most:
        raise Invalid(f"{member} may hold {most} {noun}; {len(value)} were given")


def _once(member: str, names: Iterable[str], noun: str) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise Invalid(f"{member}[{place}].{noun} {shown(name)} was given before")
        seen.add(name)


def _one_of(member: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Invalid(f"{member} must be one of {', '.join(known)}; {shown(value)} was given")


_template_id: Rule = matching(_TEMPLATE_ID, "a UUID, as CreateCloudFormationTemplate gave it")


@dataclass(frozen=True, kw_only=True)
class CreateCloudFormationTemplate(OfApplication):
    """Without a version: the newest."""

    semantic_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetCloudFormationTemplate(OfApplication):
    RULES: ClassVar[Mapping[str, Callable[..., object]]] = {"template_id": _template_id}

    template_id: str


@dataclass(frozen=True, kw_only=True)
class CreateCloudFormationChangeSet(OfApplication):
    """Without a version: the template's, and without one of those the newest."""

    RULES: ClassVar[Mapping[str, Callable[..., object]]] = {
        "stack_name": _stack_name,
        "template_id": _template_id,
        "capabilities": _capabilities,
        "change_set_name": matching(_CHANGE_SET_NAME, "1 to 128 letters, digits and hyphens, a letter first"),
        "client_token": matching(_CLIENT_TOKEN, "1 to 128 letters, digits and hyphens, no hyphen first"),
        "description": length(1, 1024),
        "notification_arns": _notification_arns,
        "parameter_overrides": _parameters,
        "resource_types": _resource_types,
        "rollback_configuration": _rollback,
        "tags": _tags,
    }

    stack_name: str
    semantic_version: str | None = None
    template_id: str | None = None
    capabilities: tuple[str, ...] = ()
    change_set_name: str | None = None
    client_token: str | None = None
    description: str | None = None
    notification_arns: tuple[str, ...] = ()
    parameter_overrides: tuple[Parameter, ...] = ()
    resource_types: tuple[str, ...] = ()
    rollback_configuration: RollbackConfiguration | None = None
    tags: tuple[Tag, ...] = ()
