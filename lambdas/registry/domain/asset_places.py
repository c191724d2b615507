"""Where templates name objects in S3: all that `sam package` and `aws cloudformation package` put there.

Not copied: images (ImageUri, a registry of their own), templates of nested stacks (domain/nested.py), and
what the template's metadata names (the publisher's tool sends it by itself).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from registry.domain.literals import branches
from registry.domain.positions import Path
from registry.domain.resources import resources_of
from registry.domain.transforms import INCLUDE, transforms_of


class Form(Enum):
    """How an object is named: by `s3://bucket/key?versionId=…`, or by a map with these keys."""

    URI = ()
    MAP = ("Bucket", "Key", "Version")
    S3_MAP = ("S3Bucket", "S3Key", "S3ObjectVersion")
    OBJECT_MAP = ("Bucket", "Key", "ObjectVersion")


@dataclass(frozen=True, kw_only=True)
class Place:
    """`keys` lead from the properties to the name, `*` standing for any key; `form` is that of a map there.

    In a place for `code`, Lambda's own, anything but an object in S3 is refused; elsewhere a local path is
    only warned of, as AWS itself let those pass (serverlessrepo-api.md §8, SAM #2000).
    """

    keys: tuple[str, ...]
    form: Form = Form.MAP
    code: bool = False


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A value in a template that stands in a place for S3 objects."""

    path: Path
    value: object
    place: Place


_CODE_URI = Place(keys=("CodeUri",), code=True)
_DEFINITION_URI = Place(keys=("DefinitionUri",))
_APPSYNC_FUNCTION = tuple(
    Place(keys=(key,))
    for key in ("CodeS3Location", "RequestMappingTemplateS3Location", "ResponseMappingTemplateS3Location")
)
PLACES: Mapping[str, tuple[Place, ...]] = {
    "AWS::Serverless::Function": (_CODE_URI,),
    "AWS::Serverless::WebFunction": (_CODE_URI,),
    "AWS::Serverless::LayerVersion": (Place(keys=("ContentUri",), code=True),),
    "AWS::Serverless::Api": (_DEFINITION_URI,),
    "AWS::Serverless::HttpApi": (_DEFINITION_URI,),
    "AWS::Serverless::StateMachine": (_DEFINITION_URI,),
    "AWS::Serverless::GraphQLApi": (
        Place(keys=("SchemaUri",)),
        Place(keys=("Functions", "*", "CodeUri")),
        Place(keys=("Resolvers", "*", "*", "CodeUri")),
    ),
    "AWS::Lambda::Function": (Place(keys=("Code",), form=Form.S3_MAP, code=True),),
    "AWS::Lambda::LayerVersion": (Place(keys=("Content",), form=Form.S3_MAP, code=True),),
    "AWS::ApiGateway::RestApi": (Place(keys=("BodyS3Location",)),),
    "AWS::ApiGatewayV2::Api": (Place(keys=("BodyS3Location",)),),
    "AWS::StepFunctions::StateMachine": (Place(keys=("DefinitionS3Location",)),),
    "AWS::AppSync::GraphQLSchema": (Place(keys=("DefinitionS3Location",)),),
    "AWS::AppSync::Resolver": _APPSYNC_FUNCTION,
    "AWS::AppSync::FunctionConfiguration": _APPSYNC_FUNCTION,
    "AWS::ElasticBeanstalk::ApplicationVersion": (Place(keys=("SourceBundle",), form=Form.S3_MAP),),
    "AWS::CodeCommit::Repository": (Place(keys=("Code", "S3"), form=Form.OBJECT_MAP),),
    "AWS::Glue::Job": (Place(keys=("Command", "ScriptLocation"), form=Form.URI),),
    "AWS::CloudFormation::ModuleVersion": (Place(keys=("ModulePackage",), form=Form.URI),),
    "AWS::CloudFormation::ResourceVersion": (Place(keys=("SchemaHandlerPackage",), form=Form.URI),),
}
INCLUDED = Place(keys=("Parameters", "Location"), form=Form.URI)
"""In every Fn::Transform of AWS::Include, wherever it stands."""


def spots(document: Mapping[str, Any]) -> Iterator[Spot]:
    """Resources in the template's order, globals, included files; both sides of an Fn::If.

    Values may be of any kind.
    """
    takes_global = False
    for resource in resources_of(document):
        for place in PLACES.get(resource.type, ()):
            start = (*resource.path, "Properties")
            yield from _spots(resource.properties, place, start)
        if resource.type == "AWS::Serverless::Function":
            takes_global |= not _has_code(resource.properties)
    yield from _spots(document, Place(keys=("Globals", "Function", "CodeUri"), code=takes_global), ())
    for transform in transforms_of(document):
        if transform.name == INCLUDE:
            yield from _spots({"Parameters": transform.parameters}, INCLUDED, transform.path)


def _has_code(function: Mapping[str, Any]) -> bool:
    """Its own, so that CodeUri of the globals does not count for it."""
    return function.get("PackageType") == "Image" or not function.keys().isdisjoint(
        {"CodeUri", "InlineCode", "ImageUri"}
    )


def _spots(value: object, place: Place, start: Path) -> Iterator[Spot]:
    for path, found in _at(value, place.keys, start):
        for choice, chosen in branches(found):
            yield Spot(path=(*path, *choice), value=chosen, place=place)


def _at(value: object, keys: tuple[str, ...], path: Path) -> Iterator[tuple[Path, object]]:
    if not keys:
        yield path, value
    elif isinstance(value, dict):
        for key in list(value) if keys[0] == "*" else [keys[0]]:
            if key in value:
                yield from _at(value[key], keys[1:], (*path, key))
