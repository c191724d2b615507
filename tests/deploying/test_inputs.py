"""Every constraint on what a deployment may be asked: at, below and above its edge."""

from typing import Any

import pytest

from registry.domain.deployment_inputs import (
    CreateCloudFormationChangeSet,
    GetCloudFormationTemplate,
    Parameter,
    RollbackConfiguration,
    RollbackTrigger,
    Tag,
)
from registry.errors import Invalid

pytestmark = pytest.mark.unit

ARN = "arn:aws:serverlessrepo:us-east-1:111111111111:applications/hello"
TOPIC = "arn:aws:sns:us-east-1:222222222222:topic"
ALARM = "arn:aws:cloudwatch:us-east-1:222222222222:alarm:a"
TYPE = "AWS::CloudWatch::Alarm"


def asked(**members: Any) -> CreateCloudFormationChangeSet:
    return CreateCloudFormationChangeSet(**{"application_id": ARN, "stack_name": "s", **members})


def parameters(count: int, name: int = 3, value: int = 1) -> tuple[Parameter, ...]:
    return tuple(Parameter(name=f"{place:0{name}d}", value="v" * value) for place in range(count))


def tags(count: int, key: int = 3, value: int = 1) -> tuple[Tag, ...]:
    return tuple(Tag(key=f"{place:0{key}d}", value="v" * value) for place in range(count))


def rollback(minutes: int | None = 1, triggers: int = 1, **trigger: str) -> RollbackConfiguration:
    one = RollbackTrigger(**{"arn": ALARM, "type": TYPE, **trigger})
    return RollbackConfiguration(monitoring_time_in_minutes=minutes, rollback_triggers=(one,) * triggers)


ACCEPTED: list[dict[str, Any]] = [
    {"stack_name": "a"},
    {"stack_name": "a" * 113},
    {"stack_name": "A-9-"},
    {"change_set_name": "c"},
    {"change_set_name": "c" * 128},
    {"client_token": "0"},
    {"client_token": "t" * 128},
    {"description": "d"},
    {"description": "d" * 1024},
    {"capabilities": ("CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY")},
    {"notification_arns": (TOPIC,) * 5},
    {"resource_types": ("AWS::*", "AWS::S3::Bucket", "AWS::S3::*", "Custom::Mine")},
    {"resource_types": ("a" * 256,)},
    {"parameter_overrides": parameters(200)},
    {"parameter_overrides": parameters(1, name=255, value=4096)},
    {"parameter_overrides": parameters(1, value=0)},
    {"tags": tags(48)},
    {"tags": tags(1, key=128, value=256)},
    {"rollback_configuration": rollback(minutes=0)},
    {"rollback_configuration": rollback(minutes=180, triggers=5)},
    {"rollback_configuration": rollback(minutes=None, triggers=0)},
    {"template_id": "0f9e2b4c-1111-2222-3333-abcdefABCDEF"},
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"stack_name": ""}, "stackName must be letters"),
    ({"stack_name": "a" * 114}, "stackName may have 113 characters.*128; it has 114"),
    ({"stack_name": "9a"}, "stackName must be letters"),
    ({"stack_name": "a_b"}, "stackName must be letters"),
    ({"stack_name": "arn:aws:cloudformation:us-east-1:1:stack/s/1"}, "stackName must be letters"),
    ({"change_set_name": ""}, "changeSetName must be"),
    ({"change_set_name": "c" * 129}, "changeSetName must be"),
    ({"change_set_name": "-c"}, "changeSetName must be"),
    ({"client_token": ""}, "clientToken must be"),
    ({"client_token": "t" * 129}, "clientToken must be"),
    ({"client_token": "a_b"}, "clientToken must be"),
    ({"description": ""}, "description must have 1 to 1024"),
    ({"description": "d" * 1025}, "description must have 1 to 1024"),
    ({"capabilities": ("CAPABILITY_IAM", "CAPABILITY_ALL")}, r"capabilities\[1\] must be one of"),
    ({"notification_arns": (TOPIC,) * 6}, "notificationArns may hold 5"),
    ({"notification_arns": (TOPIC, ALARM)}, r"notificationArns\[1\] must be the ARN of an SNS topic"),
    ({"resource_types": ("a" * 257,)}, r"resourceTypes\[0\] must have 1 to 256"),
    ({"resource_types": ("AWS::*::Bucket",)}, r"resourceTypes\[0\] must be a resource type"),
    ({"resource_types": ("AWS::S3::Bucket",) * 501}, "resourceTypes may hold 500"),
    ({"parameter_overrides": parameters(201)}, "parameterOverrides may hold 200"),
    ({"parameter_overrides": parameters(1, name=256)}, r"parameterOverrides\[0\].name must have 1 to 255"),
    ({"parameter_overrides": (Parameter(name="", value=""),)}, r"\[0\].name must have 1 to 255"),
    (
        {"parameter_overrides": parameters(1, value=4097)},
        r"parameterOverrides\[0\].value must have 0 to 4096",
    ),
    ({"parameter_overrides": parameters(1) * 2}, r"parameterOverrides\[1\].name '000' was given before"),
    ({"tags": tags(49)}, "tags may hold 48"),
    ({"tags": tags(1, key=129)}, r"tags\[0\].key must have 1 to 128"),
    ({"tags": tags(1, value=257)}, r"tags\[0\].value must have 1 to 256"),
    ({"tags": tags(1, value=0)}, r"tags\[0\].value must have 1 to 256"),
    ({"tags": tags(1) * 2}, r"tags\[1\].key '000' was given before"),
    ({"tags": (Tag(key="AWS:x", value="v"),)}, r"tags\[0\].key must not begin with aws:"),
    ({"tags": (Tag(key="serverlessrepo:semanticVersion", value="v"),)}, "must not begin with"),
    ({"rollback_configuration": rollback(minutes=-1)}, "monitoringTimeInMinutes must be 0 to 180; -1"),
    ({"rollback_configuration": rollback(minutes=181)}, "monitoringTimeInMinutes must be 0 to 180; 181"),
    ({"rollback_configuration": rollback(triggers=6)}, "rollbackTriggers may hold 5"),
    ({"rollback_configuration": rollback(arn="x")}, r"rollbackTriggers\[0\].arn must be the ARN of an alarm"),
    ({"rollback_configuration": rollback(type="AWS::X")}, r"rollbackTriggers\[0\].type must be one of"),
    ({"template_id": "0f9e2b4c"}, "templateId must be a UUID"),
    ({"application_id": "hello"}, "is not the ARN of an application"),
    ({"semantic_version": "1"}, "1"),
]


@pytest.mark.parametrize("members", ACCEPTED)
def test_what_lies_within_the_limits_is_taken(members: dict[str, Any]) -> None:
    assert asked(**members).arn.name == "hello"


@pytest.mark.parametrize(("members", "message"), REFUSED)
def test_what_lies_outside_is_refused_by_name_and_limit(members: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        asked(**members)


def test_a_template_is_asked_for_by_its_uuid() -> None:
    with pytest.raises(Invalid, match="templateId must be a UUID"):
        GetCloudFormationTemplate(application_id=ARN, template_id="../x")
