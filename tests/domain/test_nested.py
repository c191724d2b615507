"""Nested applications, and nested templates that are none."""

from typing import Any

import pytest

from registry.domain.analysis import Analysis, analyse
from registry.domain.applications import Dependency
from registry.domain.nested import APPLICATION, STACK
from registry.domain.templates import Template, parse_template
from registry.errors import Invalid

pytestmark = pytest.mark.unit

ARN = "arn:aws:serverlessrepo:us-east-1:123456789012:applications/dlq"
WORDS = (
    "Location property must be an Application Location Object referencing a valid AWS Serverless Application "
    "Repository application"
)


def nesting(*resources: tuple[str, dict[str, Any]]) -> Analysis:
    bodies = {f"R{n}": {"Type": type_, "Properties": said} for n, (type_, said) in enumerate(resources)}
    return analyse(Template(document={"Resources": bodies}))


def at(application_id: Any = ARN, version: Any = "1.0.0") -> tuple[str, dict[str, Any]]:
    return APPLICATION, {"Location": {"ApplicationId": application_id, "SemanticVersion": version}}


def test_each_application_is_told_once_in_the_templates_order() -> None:
    found = nesting(
        at(version="2.0.0"), at(), at(), (APPLICATION, {"Location": at()[1]["Location"] | {"X": 1}})
    )
    assert found.nested == (
        Dependency(application_id=ARN, semantic_version="2.0.0"),
        Dependency(application_id=ARN, semantic_version="1.0.0"),
    )
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("application_id", "version"),
    [
        ({"Fn::Sub": ARN}, "1.0.0"),
        ({"Fn::Join": ["/", [ARN.partition("/")[0], "dlq"]]}, {"Fn::Sub": "1.0.0"}),
        ({"Fn::Join": [":applications/", {"Fn::Split": [":applications/", ARN]}]}, None),
    ],
)
def test_functions_of_literals_are_literals(application_id: Any, version: Any) -> None:
    if version is None:
        found = nesting(at(application_id))
        assert (found.nested, len(found.warnings)) == ((), 1)
    else:
        [found_one] = nesting(at(application_id, version)).nested
        assert found_one == Dependency(application_id=ARN, semantic_version="1.0.0")


@pytest.mark.parametrize(
    "location",
    [
        {"ApplicationId": ARN, "SemanticVersion": {"Ref": "Version"}},
        {
            "ApplicationId": {"Fn::FindInMap": ["Apps", {"Ref": "AWS::Region"}, "dlq"]},
            "SemanticVersion": "1.0.0",
        },
        {"ApplicationId": {"Fn::Sub": "arn:${AWS::Partition}:x"}, "SemanticVersion": {"Ref": "Version"}},
        {"Fn::FindInMap": ["Apps", "a", "b"]},
        {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "A"}]},
    ],
)
def test_what_only_deployment_tells_is_a_warning(location: dict[str, Any]) -> None:
    found = nesting((APPLICATION, {"Location": location}))
    assert found.nested == ()
    assert set(found.warnings) == {"Resources.R0 names its application or version only at deployment"}


def test_both_sides_of_an_if_are_nested() -> None:
    sides = [at()[1]["Location"], at(version="2.0.0")[1]["Location"]]
    found = nesting((APPLICATION, {"Location": {"Fn::If": ["C", *sides]}}))
    assert [one.semantic_version for one in found.nested] == ["1.0.0", "2.0.0"]


def test_in_a_loop_a_text_with_a_variable_is_told_at_deployment() -> None:
    document = parse_template(f"""
Resources:
  Fn::ForEach::Apps:
    - Name
    - [a, b]
    - 'App${{Name}}':
        Type: {APPLICATION}
        Properties: {{Location: {{ApplicationId: '{ARN}${{Name}}', SemanticVersion: 1.0.0}}}}
""")
    found = analyse(document)
    assert (found.nested, len(found.warnings)) == ((), 1)


@pytest.mark.parametrize(
    "location",
    [
        None,
        "./vpc.yaml",
        "vpc.yaml",
        "s3://bucket/vpc.yaml",
        "https://s3.amazonaws.com/bucket/vpc.yaml",
        8,
        [],
        {},
        {"ApplicationId": ARN},
        {"SemanticVersion": "1.0.0"},
        {"ApplicationId": None, "SemanticVersion": "1.0.0"},
        {"ApplicationId": "dlq", "SemanticVersion": "1.0.0"},
        {"ApplicationId": f"{ARN}${{Name}}", "SemanticVersion": "1.0.0"},
        {"ApplicationId": f"{ARN}/x", "SemanticVersion": {"Ref": "Version"}},
        {"ApplicationId": ARN, "SemanticVersion": "1.0"},
        {"ApplicationId": ARN, "SemanticVersion": 1},
        {"ApplicationId": [ARN], "SemanticVersion": "1.0.0"},
        {"Fn::Sub": "./vpc.yaml", "Fn::Join": []},
        {"Fn::If": ["C", "./vpc.yaml", {"Ref": "AWS::NoValue"}]},
    ],
)
def test_a_location_that_names_no_application_is_refused_in_awss_words(location: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        nesting((APPLICATION, {} if location is None else {"Location": location}))
    assert refusal.value.message == (
        "Invalid Serverless Application Specification document. Number of errors found: "
        f"{2 if 'Fn::If' in str(location) else 1}. Errors: "
        + " ".join([f"Resource with id [R0] is invalid. {WORDS}."] * (2 if "Fn::If" in str(location) else 1))
    )


@pytest.mark.parametrize("type_", [STACK, "AWS::CloudFormation::StackSet"])
@pytest.mark.parametrize("address", ["./vpc.yaml", "", {"Fn::Sub": "vpc.yaml"}])
def test_a_stacks_local_template_is_a_warning_that_says_what_to_do(type_: str, address: Any) -> None:
    (warning,) = nesting((type_, {"TemplateURL": address})).warnings
    assert warning.startswith("Resources.R0 nests a local template, so no consumer can deploy this version")


@pytest.mark.parametrize(
    ("address", "warnings"),
    [
        ("https://s3.amazonaws.com/bucket/vpc.yaml", 1),
        ("HTTPS://s3.amazonaws.com/bucket/vpc.yaml", 1),
        ({"Fn::Sub": "https://${Bucket}.s3.amazonaws.com/vpc.yaml"}, 1),
        ({"Ref": "AWS::NoValue"}, 0),
        (None, 0),
    ],
)
def test_a_stacks_template_elsewhere_is_a_warning(address: Any, warnings: int) -> None:
    assert len(nesting((STACK, {"TemplateURL": address})).warnings) == warnings


def test_every_fault_is_counted_and_the_first_twenty_are_told() -> None:
    with pytest.raises(Invalid) as refusal:
        nesting(*[(APPLICATION, {"Location": f"./{n}.yaml"}) for n in range(25)])
    assert "Number of errors found: 25. Errors: Resource with id [R0]" in refusal.value.message
    assert refusal.value.message.count(WORDS) == 20
