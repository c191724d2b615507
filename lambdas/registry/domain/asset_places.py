"""Where resource types name objects in S3 (serverlessrepo-api.md §8, "rewrite")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from registry.domain.positions import Path
from registry.domain.resources import resources_of


class Form(Enum):
    """How an object is named: by `s3://bucket/key?versionId=…`, or by a map with these keys."""

    URI = ()
    MAP = ("Bucket", "Key", "Version")
    LAMBDA_MAP = ("S3Bucket", "S3Key", "S3ObjectVersion")


@dataclass(frozen=True, kw_only=True)
class Place:
    """`keys` lead from the properties to the name, `*` standing for any key; `form` is that of a map there.

    In a place for `code` anything but an object in S3 is refused; elsewhere a local path is only warned of,
    as AWS itself let those pass (serverlessrepo-api.md §8, SAM #2000).
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
    "AWS::Serverless::LayerVersion": (Place(keys=("ContentUri",), code=True),),
    "AWS::Serverless::Api": (_DEFINITION_URI,),
    "AWS::Serverless::HttpApi": (_DEFINITION_URI,),
    "AWS::Serverless::StateMachine": (_DEFINITION_URI,),
    "AWS::Serverless::GraphQLApi": (
        Place(keys=("SchemaUri",)),
        Place(keys=("Functions", "*", "CodeUri")),
        Place(keys=("Resolvers", "*", "*", "CodeUri")),
    ),
    "AWS::Lambda::Function": (Place(keys=("Code",), form=Form.LAMBDA_MAP, code=True),),
    "AWS::Lambda::LayerVersion": (Place(keys=("Content",), form=Form.LAMBDA_MAP, code=True),),
    "AWS::ApiGateway::RestApi": (Place(keys=("BodyS3Location",)),),
    "AWS::ApiGatewayV2::Api": (Place(keys=("BodyS3Location",)),),
    "AWS::StepFunctions::StateMachine": (Place(keys=("DefinitionS3Location",)),),
    "AWS::AppSync::GraphQLSchema": (Place(keys=("DefinitionS3Location",)),),
    "AWS::AppSync::Resolver": _APPSYNC_FUNCTION,
    "AWS::AppSync::FunctionConfiguration": _APPSYNC_FUNCTION,
}


def spots(document: Mapping[str, Any]) -> Iterator[Spot]:
    """In the template's order, both branches of Fn::If included; values may be of any kind."""
    takes_global = False
    for resource in resources_of(document):
        for place in PLACES.get(resource.type, ()):
            start = (*resource.path, "Properties")
            for path, value in _at(resource.properties, place.keys, start):
                yield from _branches(path, value, place)
        if resource.type == "AWS::Serverless::Function":
            takes_global |= not _has_code(resource.properties)
    path = ("Globals", "Function", "CodeUri")
    for found, value in _at(document, path, ()):
        yield from _branches(found, value, Place(keys=path, code=takes_global))


def _has_code(function: Mapping[str, Any]) -> bool:
    """Its own, so that CodeUri of the globals does not count for it."""
    return function.get("PackageType") == "Image" or not function.keys().isdisjoint(
        {"CodeUri", "InlineCode", "ImageUri"}
    )


def _at(value: object, keys: tuple[str, ...], path: Path) -> Iterator[tuple[Path, object]]:
    if not keys:
        yield path, value
    elif isinstance(value, dict):
        for key in list(value) if keys[0] == "*" else [keys[0]]:
            if key in value:
                yield from _at(value[key], keys[1:], (*path, key))


def _branches(path: Path, value: object, place: Place) -> Iterator[Spot]:
    chosen = value.get("Fn::If") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(chosen, list) and len(chosen) == 3:
        for index in (1, 2):
            yield from _branches((*path, "Fn::If", index), chosen[index], place)
    else:
        yield Spot(path=path, value=value, place=place)
