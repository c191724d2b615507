"""What a template says about itself."""

import contextlib
from dataclasses import fields
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.analysis import NESTED, Analysis, NestedApplication, analyse
from registry.domain.asset_places import PLACES
from registry.domain.assets import find_assets
from registry.domain.parameters import ParameterDefinition, references
from registry.domain.templates import Template, parse_template
from registry.errors import Invalid

pytestmark = pytest.mark.unit


def analysis_of(text: str) -> Analysis:
    return analyse(parse_template(text))


def with_resources(*types_and_properties: tuple[str, dict[str, Any]]) -> Analysis:
    resources = {
        f"R{n}": {"Type": type_, "Properties": properties}
        for n, (type_, properties) in enumerate(types_and_properties)
    }
    return analyse(Template(document={"Resources": resources}))


def parameter(**attributes: object) -> ParameterDefinition:
    document = {"Parameters": {"P": attributes}, "Resources": {"T": {"Type": "X"}}}
    [found] = analyse(Template(document=document)).parameters
    return found


def test_a_parameter_has_every_attribute_of_the_api_in_the_apis_types() -> None:
    text = """
Parameters:
  Size:
    Type: Number
    Default: 8
    Description: How many
    AllowedValues: [8, 16, true, 1.5]
    AllowedPattern: '[0-9]+'
    ConstraintDescription: a number
    MinLength: 1
    MaxLength: '2'
    MinValue: -4
    MaxValue: 16.0
    NoEcho: 'TRUE'
Resources:
  Queue: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: !Ref Size}}
"""
    [found] = analysis_of(text).parameters
    member = found.as_member()
    assert member == {
        "name": "Size",
        "type": "Number",
        "defaultValue": "8",
        "description": "How many",
        "allowedValues": ["8", "16", "true", "1.5"],
        "allowedPattern": "[0-9]+",
        "constraintDescription": "a number",
        "minLength": 1,
        "maxLength": 2,
        "minValue": -4,
        "maxValue": 16,
        "noEcho": True,
        "referencedByResources": ["Queue"],
    }
    assert type(member["maxValue"]) is int


def test_the_members_are_those_of_botocores_model_with_its_types() -> None:
    model = boto3.client("serverlessrepo", region_name="us-east-1").meta.service_model
    shape = model.shape_for("ParameterDefinition")
    full = ParameterDefinition(
        **{one.name: {"no_echo": True, "name": "P"}.get(one.name, 1) for one in fields(ParameterDefinition)}
        | {"allowed_values": ("a",), "referenced_by_resources": ("R",)}
    ).as_member()
    wire_names = {member.serialization["name"]: member.type_name for member in shape.members.values()}
    assert full.keys() == wire_names.keys()
    kinds = {name: kind for name, kind in wire_names.items() if kind in {"list", "boolean"}}
    assert kinds == {"allowedValues": "list", "referencedByResources": "list", "noEcho": "boolean"}


@pytest.mark.parametrize(
    ("default", "said"),
    [
        ("", ""),
        (0, "0"),
        (False, "false"),
        (1.5, "1.5"),
        ("2012-10-17", "2012-10-17"),
        (["a", 1], "a,1"),
        (None, None),
    ],
)
def test_a_default_is_text(default: object, said: str | None) -> None:
    assert parameter(Type="String", Default=default).default_value == said


@pytest.mark.parametrize(
    ("attributes", "warned"),
    [
        ({}, "Parameters.P.Type is missing"),
        ({"Type": ["String"]}, "Parameters.P.Type is not a text"),
        ({"Type": "String", "Default": {"Ref": "A"}}, "Parameters.P.Default is not a text"),
        ({"Type": "String", "AllowedValues": "a"}, "Parameters.P.AllowedValues is not a list of texts"),
        ({"Type": "String", "AllowedValues": [["a"]]}, "Parameters.P.AllowedValues is not a list of texts"),
        ({"Type": "Number", "MaxValue": 2**31}, "Parameters.P.MaxValue is not a 32-bit integer"),
        ({"Type": "Number", "MinValue": 0.5}, "Parameters.P.MinValue is not a 32-bit integer"),
        ({"Type": "String", "MinLength": "few"}, "Parameters.P.MinLength is not a 32-bit integer"),
        ({"Type": "String", "NoEcho": "maybe"}, "Parameters.P.NoEcho is neither true nor false"),
    ],
)
def test_what_the_api_cannot_carry_is_left_out_with_a_warning(
    attributes: dict[str, object], warned: str
) -> None:
    document = {"Parameters": {"P": attributes}, "Resources": {"T": {"Type": "X"}}}
    found = analyse(Template(document=document))
    assert [warning for warning in found.warnings if warning.startswith(warned)]
    left_out = warned.split(".")[2].partition(" ")[0]
    assert (left_out[0].lower() + left_out[1:]) not in found.parameters[0].as_member()


@pytest.mark.parametrize(("said", "read"), [(True, True), ("True", True), (False, False), ("false", False)])
def test_no_echo_is_a_truth_value_however_it_is_written(said: object, read: bool) -> None:
    assert parameter(Type="String", NoEcho=said).as_member()["noEcho"] is read


def test_the_bounds_of_a_32_bit_integer_are_kept() -> None:
    found = parameter(Type="Number", MinValue=-(2**31), MaxValue=str(2**31 - 1))
    assert (found.min_value, found.max_value) == (-2147483648, 2147483647)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"Ref": "A"}, {"A"}),
        ({"Properties": [{"Deep": {"Ref": "A"}}, {"Ref": "B"}]}, {"A", "B"}),
        ({"Fn::Sub": "${A}-${ B }-${AWS::Region}"}, {"A", "B", "AWS::Region"}),
        ({"Fn::Sub": "${!A} $A {A} ${A.Arn} $${B}"}, {"B"}),
        ({"Fn::Sub": ["${A}-${Own}", {"Own": {"Ref": "B"}}]}, {"A", "B"}),
        ({"Fn::Sub": ["${A}"]}, {"A"}),
        ({"Fn::Sub": []}, set()),
        ({"Fn::Sub": {"Ref": "A"}}, {"A"}),
        ({"Fn::Join": ["", [{"Fn::Sub": "${A}"}, "${B}"]]}, {"A"}),
        ({"Ref": ["A"]}, set()),
        ({"Fn::GetAtt": ["A", "Arn"], "DependsOn": "A", "Condition": "A"}, set()),
        ({"Fn::Sub": "${" * 100_000}, set()),
    ],
)
def test_a_reference_is_a_ref_or_a_name_in_a_sub(body: object, named: set[str]) -> None:
    assert references(body) == named


def test_resources_that_use_a_parameter_are_listed_in_the_templates_order() -> None:
    text = """
Parameters: {Name: {Type: String}, Unused: {Type: String}}
Globals: {Function: {Environment: {Variables: {A: !Ref Unused}}}}
Conditions: {IsProd: !Equals [!Ref Unused, prod]}
Resources:
  Zebra: {Type: X, Condition: IsProd, Properties: {A: !Ref Name, B: !Sub '${Name}'}}
  Other: {Type: X, Properties: {A: Name}}
  Fn::ForEach::Topics: [T, [a, b], {'Topic${T}': {Type: X, Properties: {A: !Ref Name}}}]
  Apple: {Type: X, Metadata: [!Sub 'x-${Name}']}
"""
    name, unused = analysis_of(text).parameters
    assert name.referenced_by_resources == ("Zebra", "Topic${T}", "Apple")
    assert unused.referenced_by_resources == ()


IAM, NAMED, RESOURCE, EXPAND = (
    f"CAPABILITY_{name}" for name in ("IAM", "NAMED_IAM", "RESOURCE_POLICY", "AUTO_EXPAND")
)


@pytest.mark.parametrize(
    ("resources", "needed"),
    [
        ([("AWS::Serverless::Function", {"Policies": "AdministratorAccess"})], ()),
        ([("AWS::IAM::Role", {})], (IAM,)),
        ([("AWS::IAM::Role", {"RoleName": "mine"})], (NAMED,)),
        ([("AWS::IAM::Role", {"RoleName": {"Ref": "AWS::NoValue"}})], (IAM,)),
        ([("AWS::IAM::Role", {"RoleName": None})], (IAM,)),
        ([("AWS::IAM::Role", {"RoleName": {"Fn::Sub": "${A}"}}), ("AWS::IAM::Role", {})], (NAMED,)),
        ([("AWS::IAM::Group", {"GroupName": "mine"})], (NAMED,)),
        ([("AWS::IAM::Group", {"RoleName": "mine"})], (IAM,)),
        ([("AWS::IAM::InstanceProfile", {"InstanceProfileName": "mine"})], (NAMED,)),
        ([("AWS::IAM::InstanceProfile", {})], (IAM,)),
        ([("AWS::IAM::Policy", {"PolicyName": "mine", "": "odd"})], (IAM, RESOURCE)),
        ([("AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "mine"})], ()),
        ([("AWS::Lambda::Permission", {})], (RESOURCE,)),
        ([("AWS::Lambda::LayerVersionPermission", {})], (RESOURCE,)),
        ([("AWS::Events::EventBusPolicy", {})], (RESOURCE,)),
        ([("AWS::ApplicationAutoScaling::ScalingPolicy", {})], (RESOURCE,)),
        ([("AWS::S3::BucketPolicy", {})], (RESOURCE,)),
        ([("AWS::SQS::QueuePolicy", {})], (RESOURCE,)),
        ([("AWS::SNS::TopicPolicy", {})], (RESOURCE,)),
        ([(NESTED, {})], (EXPAND,)),
        ([("AWS::SNS::TopicPolicy", {}), (NESTED, {}), ("AWS::IAM::Role", {})], (EXPAND, IAM, RESOURCE)),
    ],
)
def test_the_capabilities_are_those_of_the_developer_guide(
    resources: list[tuple[str, dict[str, Any]]], needed: tuple[str, ...]
) -> None:
    assert with_resources(*resources).required_capabilities == needed


def test_nested_applications_are_told_once_and_intrinsics_are_left_to_the_deployment() -> None:
    arn = "arn:aws:serverlessrepo:us-east-1:123456789012:applications/dlq"
    found = with_resources(
        (NESTED, {"Location": {"ApplicationId": arn, "SemanticVersion": "1.0.0"}}),
        (NESTED, {"Location": {"ApplicationId": arn, "SemanticVersion": "1.0.0"}}),
        (NESTED, {"Location": {"ApplicationId": arn, "SemanticVersion": {"Ref": "Version"}}}),
        (NESTED, {"Location": {"Fn::If": ["C", {}, {}]}}),
        (NESTED, {"Location": "https://s3.amazonaws.com/bucket/nested.yaml"}),
        (NESTED, {}),
    )
    assert found.nested == (NestedApplication(application_id=arn, semantic_version="1.0.0"),)
    assert len(found.warnings) == 4


@pytest.mark.parametrize(("characters", "warnings"), [(4_000, 0), (4_001, 1)])
def test_a_parameters_description_longer_than_cloudformation_takes_is_kept_with_a_warning(
    characters: int, warnings: int
) -> None:
    description = "é" * characters
    document = {
        "Parameters": {"P": {"Type": "String", "Description": description}},
        "Resources": {"T": {"Type": "X"}},
    }
    found = analyse(Template(document=document))
    assert found.parameters[0].description == description
    said = "Parameters.P.Description has more than 4000 characters, which is all CloudFormation takes"
    assert found.warnings == (said,) * warnings


def test_a_local_nested_template_is_a_warning_in_the_words_of_awss_refusal() -> None:
    found = with_resources((NESTED, {"Location": "./vpc.yaml"}))
    assert found.nested == ()
    assert found.warnings == (
        "Resource with id [R0] is invalid. Location property must be an Application Location Object "
        "referencing a valid AWS Serverless Application Repository application. "
        "A consumer cannot deploy this version.",
    )


def test_resource_types_are_sorted_and_once_and_those_in_loops_count() -> None:
    text = """
Resources:
  B: {Type: AWS::SQS::Queue}
  A: {Type: AWS::SNS::Topic}
  C: {Type: AWS::SQS::Queue}
  Fn::ForEach::X: [I, [a], {Fn::ForEach::Y: [J, [b], {'R${I}${J}': {Type: AWS::IAM::Role}}]}]
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}
"""
    found = analysis_of(text)
    assert found.resource_types == ("AWS::IAM::Role", "AWS::SNS::Topic", "AWS::SQS::Queue")
    assert found.required_capabilities == (IAM,)


def test_what_cloudformation_will_refuse_later_is_a_warning() -> None:
    document = {
        "Parameters": {f"P{n}": {"Type": "String"} for n in range(201)},
        "Resources": {f"R{n}": {"Type": "X"} for n in range(501)},
    }
    found = analyse(Template(document=document))
    assert found.warnings == (
        "The template has 201 parameters, CloudFormation takes 200",
        "The template has 501 resources, CloudFormation takes 500",
    )
    odd = analyse(Template(document={"Parameters": ["P"], "Resources": {"T": {"Type": "X"}}}))
    assert (odd.parameters, odd.warnings) == ((), ("Parameters is not a map of parameters",))


KEYS = st.sampled_from(
    [
        "Ref",
        "Fn::Sub",
        "Fn::If",
        "Bucket",
        "Key",
        "Version",
        "S3Bucket",
        "S3Key",
        "CodeUri",
        "Location",
        "Default",
        "AllowedValues",
        "NoEcho",
        "MinLength",
        "Type",
        "Properties",
        "Fn::ForEach::L",
        "Function",
        "ZipFile",
        "",
    ]
)
TEXTS = ["s3://bucket/key?versionId=1", "s3://[", "https://[::1", "src/", "${A}", "<%REPO_BUCKET%>", ""]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(TEXTS)
    | st.text(max_size=4)
)
ODD = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
PROPERTIES = st.sampled_from(sorted({place.keys[0] for places in PLACES.values() for place in places}))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*PLACES, NESTED, "AWS::IAM::Role", "X"]),
    st.dictionaries(PROPERTIES | KEYS, ODD, max_size=4) | ODD,
    st.dictionaries(KEYS, ODD, max_size=3) | ODD,
    ODD,
    st.dictionaries(KEYS | st.just("Fn::ForEach::L"), ODD, max_size=3),
)
def test_no_template_however_odd_raises_anything_but_invalid(
    type_: str, properties: object, parameters: object, globals_: object, more: dict[str, object]
) -> None:
    resources = {**more, "R": {"Type": type_, "Properties": properties}}
    template = Template(document={"Resources": resources, "Parameters": parameters, "Globals": globals_})
    for ask in (analyse, find_assets):
        with contextlib.suppress(Invalid):
            ask(template)
