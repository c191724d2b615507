"""Whatever AWS SAM makes of a template, it makes of the stored one once its placeholders are resolved."""

import copy
import os
from typing import Any

import boto3
import pytest
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from registry.domain.assets import find_assets, resolve, with_placeholders
from registry.domain.templates import Template, parse_template
from tests.support.corpus import applications, prepared

pytestmark = pytest.mark.unit

BUCKET, KEY = "packages-111111111111", "stub.zip"
STEP = 1 if os.environ.get("SOAK") == "full" else 8


def translated(template: Template) -> Any:
    """None where AWS SAM refuses it, mostly for a definition that was not packaged."""
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    document = copy.deepcopy(template.document)
    try:
        return Translator({}, Parser(), boto_session=session).translate(document, {})
    except InvalidDocumentException:
        return None


def test_real_templates_are_translated_as_if_they_had_never_been_stored() -> None:
    both = 0
    for app in applications()[::STEP]:
        template = parse_template(prepared(app, BUCKET, KEY)["template"])
        stored = with_placeholders(template, dict.fromkeys(find_assets(template), "a" * 64))
        deployed = resolve(Template.load(stored.dump()), BUCKET, lambda _: KEY)
        before = translated(template)
        assert translated(deployed) == before, app["name"]
        both += before is not None
    assert both > 160 // STEP


def test_code_given_by_functions_of_literals_is_translated_to_the_deployed_object() -> None:
    template = parse_template("""
Transform: AWS::Serverless-2016-10-31
Conditions: {C: !Equals [a, b]}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.11, Handler: a.b, CodeUri: !Sub 's3://packages/a'}
  L:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: {Bucket: !Sub packages, Key: !Join ['', [b]], Version: '1'}}
  S:
    Type: AWS::Serverless::StateMachine
    Properties: {Role: 'arn:aws:iam::111111111111:role/r', DefinitionUri: 's3://packages/c?versionId=2'}
""")
    stored = with_placeholders(template, {one: one.key * 64 for one in find_assets(template)})
    resources = translated(resolve(stored, "deploys", lambda digest: f"deploy/{digest[0]}"))["Resources"]
    assert resources["F"]["Properties"]["Code"] == {"S3Bucket": "deploys", "S3Key": "deploy/a"}
    [layer] = [one for one in resources.values() if one["Type"] == "AWS::Lambda::LayerVersion"]
    assert layer["Properties"]["Content"] == {"S3Bucket": "deploys", "S3Key": "deploy/b"}
    assert resources["S"]["Properties"]["DefinitionS3Location"] == {"Bucket": "deploys", "Key": "deploy/c"}
