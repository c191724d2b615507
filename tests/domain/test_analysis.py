"""What a template says about itself."""

import contextlib
from dataclasses import fields
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.analysis import Analysis, analyse
from registry.domain.asset_places import PLACES
from registry.domain.assets import find_assets, placeholder_digests, resolve, with_placeholders
from registry.domain.nested import APPLICATION, STACK
from registry.domain.parameters import ParameterDefinition
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


NESTED = {
    "Location": {
        "ApplicationId": "arn:aws:serverlessrepo:us-east-1:123456789012:applications/dlq",
        "SemanticVersion": "1.0.0",
    }
}
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
        ([(APPLICATION, NESTED)], (EXPAND,)),
        ([(STACK, {"TemplateURL": "https://s3.amazonaws.com/bucket/a.yaml"})], (EXPAND,)),
        (
            [("AWS::SNS::TopicPolicy", {}), (APPLICATION, NESTED), ("AWS::IAM::Role", {})],
            (EXPAND, IAM, RESOURCE),
        ),
        ([("AWS::IAM::Role", {"RoleName": {"Fn::If": ["C", "mine", {"Ref": "AWS::NoValue"}]}})], (NAMED,)),
        ([("AWS::IAM::Role", {"RoleName": {"Fn::If": ["C", {"Ref": "AWS::NoValue"}, None]}})], (IAM,)),
        ([("AWS::IAM::User", {"UserName": "mine"}), ("AWS::S3::Bucket", {})], ()),
    ],
)
def test_the_capabilities_are_those_of_the_developer_guide(
    resources: list[tuple[str, dict[str, Any]]], needed: tuple[str, ...]
) -> None:
    assert with_resources(*resources).required_capabilities == needed


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


@pytest.mark.parametrize(
    "transform",
    [
        "AWS::Serverless-2016-10-31",
        ["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"],
        ["Mine"],
        {"Name": "Mine"},
    ],
)
def test_macros_of_the_template_itself_need_no_capability_for_a_change_set_never_asks(
    transform: object,
) -> None:
    resources = {"R": {"Type": "X", "Properties": {"Fn::Transform": {"Name": "Mine"}}}}
    assert (
        analyse(Template(document={"Transform": transform, "Resources": resources})).required_capabilities
        == ()
    )


MINE = "The macro Mine must exist in the consumer's account"
INCLUDED = "What AWS::Include brings in is not looked into: its resources and their code are unknown"


@pytest.mark.parametrize(
    ("sections", "warned"),
    [
        ({"Transform": "AWS::Serverless-2016-10-31"}, []),
        ({"Transform": ["AWS::LanguageExtensions", "Mine", "Mine"]}, [MINE]),
        ({"Transform": {"Name": "Mine", "Parameters": {}}}, [MINE]),
        ({"Mappings": {"Fn::Transform": {"Name": "Mine"}}}, [MINE]),
        ({"Mappings": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://buck/a"}}}},
         [INCLUDED]),
        ({"Metadata": {"Fn::Transform": {"Name": "Mine"}}}, []),
        ({"Transform": [8, None, {"Name": ["a"]}], "Mappings": {"Fn::Transform": [1]}}, []),
    ],
)  # fmt: skip
def test_macros_are_tolerated_and_told(sections: dict[str, Any], warned: list[str]) -> None:
    assert (
        list(analyse(Template(document={"Resources": {"R": {"Type": "X"}}, **sections})).warnings) == warned
    )


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
        "Fn::Join",
        "Fn::Transform",
        "Name",
        "Parameters",
        "Condition",
        "ApplicationId",
        "SemanticVersion",
        "TemplateURL",
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
TEXTS = [
    "AWS::Include",
    "R",
    "C",
    "s3://bucket/key?versionId=1",
    "s3://[",
    "https://[::1",
    "src/",
    "${A}",
    "<%REPO_BUCKET%>",
    "",
]
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


OPTIONAL = ("Parameters", "Globals", "Conditions", "Transform", "Outputs")
SECTIONS = st.dictionaries(KEYS | st.sampled_from(["Fn::ForEach::L", "Fn::Transform", "R"]), ODD, max_size=3)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*PLACES, APPLICATION, STACK, "AWS::IAM::Role", "X"]),
    st.dictionaries(PROPERTIES | KEYS, ODD, max_size=4) | ODD,
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(OPTIONAL, SECTIONS | ODD),
    ),
    SECTIONS,
)
def test_no_template_however_odd_raises_anything_but_invalid(
    type_: str, properties: object, sections: dict[str, object], more: dict[str, object]
) -> None:
    resources = {**more, "R": {"Type": type_, "Properties": properties}}
    template = Template(document={"Resources": resources, **sections})
    with contextlib.suppress(Invalid):
        analyse(template)
    with contextlib.suppress(Invalid):
        found = find_assets(template)
        stored = with_placeholders(template, dict.fromkeys(found, "a" * 64))
        assert len(placeholder_digests(stored, known={"a" * 64})) == bool(found)
        resolve(stored, "deploys", str)
