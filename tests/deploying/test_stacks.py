"""Nested applications made into stacks, held against what aws-sam-translator makes of them."""

import copy
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.plugins.application.serverless_app_plugin import ServerlessAppPlugin
from samtranslator.translator.translator import Translator

from registry.domain.applications import Dependency
from registry.domain.stacks import with_stacks
from registry.domain.templates import Template
from registry.domain.transforms import is_sam_alone, macros_of
from registry.errors import Invalid

pytestmark = pytest.mark.unit

SAM = "AWS::Serverless-2016-10-31"
ARN = "arn:aws:serverlessrepo:us-east-1:111111111111:applications/inner"
URL = "https://bucket.s3.us-east-1.amazonaws.com/deploy/222222222222/templates/abc.json"
INNER = Dependency(application_id=ARN, semantic_version="1.0.0")
LOCATION = {"ApplicationId": ARN, "SemanticVersion": "1.0.0"}


def nesting(location: Any = LOCATION, **more: Any) -> Template:
    app = {"Type": "AWS::Serverless::Application", "Properties": {"Location": location, **more}}
    return Template(document={"Transform": SAM, "Resources": {"Inner": app}})


def made(template: Template) -> Any:
    return with_stacks(template, {INNER: URL}).document["Resources"]["Inner"]


def test_a_nested_application_becomes_the_stack_that_sam_makes_of_it() -> None:
    outer = nesting(
        Parameters={"A": 1, "B": {"Ref": "X"}},
        NotificationARNs=["arn:aws:sns:us-east-1:1:t"],
        Tags={"team": "a", "cost": {"Ref": "X"}},
        TimeoutInMinutes=5,
    )
    outer.document["Parameters"] = {"X": {"Type": "String", "Default": "x"}}
    outer.document["Conditions"] = {"C": {"Fn::Equals": ["a", "a"]}}
    outer.document["Resources"]["Other"] = {"Type": "AWS::SQS::Queue"}
    outer.document["Resources"]["Inner"] |= {
        "DependsOn": "Other",
        "Condition": "C",
        "DeletionPolicy": "Retain",
    }
    expected = _by_the_translator(outer)["Resources"]["Inner"]
    got = _by_the_translator(with_stacks(outer, {INNER: URL}))["Resources"]["Inner"]
    by_key = {"Key": "serverlessrepo:applicationId", "Value": ARN}
    assert by_key in expected["Properties"]["Tags"]
    assert got == expected


def _by_the_translator(template: Template) -> Any:
    """With a repository that gives URL for any application."""
    plugin = ServerlessAppPlugin(sar_client=_Repository(), wait_for_template_active_status=False)
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    translator = Translator({}, Parser(), plugins=[plugin], boto_session=session)
    return translator.translate(copy.deepcopy(template.document), {})


class _Repository:
    def get_application(self, **_: Any) -> dict[str, Any]:
        return {}

    def create_cloud_formation_template(self, **_: Any) -> dict[str, Any]:
        return {"TemplateUrl": URL, "TemplateId": "t", "Status": "ACTIVE"}

    def get_cloud_formation_template(self, **_: Any) -> dict[str, Any]:
        return {"TemplateUrl": URL, "TemplateId": "t", "Status": "ACTIVE"}


def test_each_side_of_a_choice_is_resolved() -> None:
    other = Dependency(application_id=f"{ARN}-b", semantic_version="2.0.0")
    choice = {
        "Fn::If": [
            "C",
            LOCATION,
            {"ApplicationId": other.application_id, "SemanticVersion": other.semantic_version},
        ]
    }
    template = with_stacks(nesting(choice), {INNER: URL, other: "https://b"})
    stack = template.document["Resources"]["Inner"]["Properties"]
    assert stack["TemplateURL"] == {"Fn::If": ["C", URL, "https://b"]}
    assert stack["Tags"][1]["Value"] == {"Fn::If": ["C", ARN, other.application_id]}


def test_tags_of_the_registry_win_over_the_templates_own() -> None:
    tags = made(nesting(Tags={"serverlessrepo:applicationId": "forged", "lambda:createdBy": "me", "a": "b"}))[
        "Properties"
    ]["Tags"]
    assert [tag["Value"] for tag in tags] == ["SAM", ARN, "1.0.0", "b"]


@pytest.mark.parametrize(
    "location",
    [
        {"ApplicationId": {"Ref": "Id"}, "SemanticVersion": "1.0.0"},
        {"ApplicationId": ARN, "SemanticVersion": {"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "V"]}},
        {"Fn::If": ["C", LOCATION, {"ApplicationId": {"Ref": "Id"}, "SemanticVersion": "1.0.0"}]},
        {"Ref": "Location"},
    ],
)
def test_what_only_deployment_names_is_refused(location: Any) -> None:
    with pytest.raises(Invalid, match=r"Resources\.Inner names its application"):
        made(nesting(location))


def test_the_template_it_came_from_is_left_as_it_was() -> None:
    outer = nesting()
    before = copy.deepcopy(outer.document)
    made(outer)
    assert outer.document == before


INCLUDE = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"Transform": SAM}, True),
        ({"Transform": [SAM]}, True),
        ({"Transform": ["AWS::LanguageExtensions", SAM]}, True),
        ({"Transform": "AWS::LanguageExtensions"}, False),
        ({}, False),
        ({"Transform": None}, False),
        ({"Transform": [SAM, "Mine"]}, False),
        ({"Transform": [SAM, {"Name": {"Ref": "Macro"}}]}, False),
        ({"Transform": SAM, "Resources": INCLUDE}, False),
    ],
)
def test_sam_is_alone_where_no_other_macro_brings_in_what_nobody_saw(
    document: dict[str, Any], expected: bool
) -> None:
    assert is_sam_alone(macros_of(Template(document=document))) is expected
