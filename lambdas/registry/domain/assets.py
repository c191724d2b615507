"""The S3 objects that a template names: found, replaced by placeholders, and put back for a deployment.

A stored template names an object by its content, `<%REPO_BUCKET%>` and `<%ASSET:sha256:<64 hex digits>%>`, in
the shape the property had; the object's version is dropped. Publishers cannot write placeholders themselves:
a digest would be a way to other people's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.asset_places import Form, Spot, spots
from registry.domain.parameters import scalar_text
from registry.domain.positions import Path, dotted
from registry.domain.s3_urls import is_object_address, parse_s3_url
from registry.domain.templates import Template
from registry.errors import Invalid

BUCKET = "<%REPO_BUCKET%>"
_KEY = re.compile(r"<%ASSET:sha256:([0-9a-f]{64})%>")
_NO_VALUE = {"Ref": "AWS::NoValue"}
_OF_ONE_OBJECT = ("ETag", "Etag")  # true of the original only, like its version


@dataclass(frozen=True, kw_only=True)
class AssetReference:
    """One place that names one object. `path` leads through `Template.document`."""

    path: Path
    bucket: str
    key: str
    version_id: str | None
    form: Form


def find_assets(template: Template) -> tuple[AssetReference, ...]:
    """Every object that literals name. Raises Invalid where code is not in S3 ("Invalid S3 URI: …")."""
    return tuple(found for spot in spots(template.document) if (found := _read(spot)) is not None)


def asset_warnings(template: Template) -> Iterator[str]:
    """Places that name an object the registry does not copy. Raises nothing."""
    for spot in spots(template.document):
        if _is_computed(spot):
            yield f"{dotted(spot.path)} is known only at deployment: consumers must be able to read it"
        elif (
            not spot.place.code
            and isinstance(spot.value, str)
            and not spot.value.startswith(("s3://", "https://"))
        ):
            yield f"{dotted(spot.path)} is not an S3 URI, so it cannot be deployed: package the template"


def with_placeholders(template: Template, digests: Mapping[AssetReference, str]) -> Template:
    """`digests`: the SHA-256, in hex, of each reference that find_assets gave for this template."""
    return _rewritten(
        template,
        {one.path: (one.form, BUCKET, f"<%ASSET:sha256:{digest}%>") for one, digest in digests.items()},
    )


def placeholder_digests(template: Template) -> tuple[str, ...]:
    """Digests of the objects that a stored template names, sorted, each once."""
    return tuple(sorted({digest for _, _, digest in _placeholders(template)}))


def resolve(template: Template, bucket: str, key_of: Callable[[str], str]) -> Template:
    """A stored template made deployable: `key_of` gives the key in `bucket` of an object's digest.

    Only places for S3 objects are looked at: text that merely looks like a placeholder stays.
    """
    found = {path: (form, bucket, key_of(digest)) for path, form, digest in _placeholders(template)}
    return _rewritten(template, found)


def _read(spot: Spot) -> AssetReference | None:
    """None where no literal names an object. Raises Invalid for code outside of S3, and for placeholders."""
    value = spot.value
    if isinstance(value, str):
        return _read_uri(spot, value)
    if isinstance(value, dict):
        return None if _is_computed(spot) or value == _NO_VALUE else _read_map(spot, value)
    if spot.place.code and value is not None:
        raise _not_in_s3(spot, f"{value!r:.200} was given")
    return None


def _read_uri(spot: Spot, uri: str) -> AssetReference | None:
    _refuse_placeholders(spot, uri)
    try:
        found = parse_s3_url(uri, dotted(spot.path))
    except Invalid:
        if spot.place.code:
            raise
        return None
    return AssetReference(
        path=spot.path, bucket=found.bucket, key=found.key, version_id=found.version_id, form=Form.URI
    )


def _read_map(spot: Spot, named: Mapping[str, Any]) -> AssetReference | None:
    form = spot.place.form
    if form is Form.LAMBDA_MAP and not named.keys() & set(form.value):
        return None  # inline code or an image
    bucket, key, version_id = (scalar_text(named.get(name)) for name in form.value)
    _refuse_placeholders(spot, f"{bucket} {key}")
    if bucket is None or key is None or not is_object_address(bucket, key):
        if spot.place.code:
            raise _not_in_s3(spot, f"{form.value[0]} and {form.value[1]} must name an object")
        return None
    return AssetReference(path=spot.path, bucket=bucket, key=key, version_id=version_id, form=form)


def _is_computed(spot: Spot) -> bool:
    """An intrinsic stands for the whole name or for a part of it."""
    value = spot.value
    if not isinstance(value, dict) or value == _NO_VALUE:
        return False
    if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
        return True
    return any(isinstance(value.get(name), dict | list) for name in spot.place.form.value)


def _refuse_placeholders(spot: Spot, said: str) -> None:
    if "<%" in said:
        raise _not_in_s3(spot, "<% marks the registry's own placeholders")


def _not_in_s3(spot: Spot, problem: str) -> Invalid:
    return Invalid(f"Invalid S3 URI: {dotted(spot.path)} must name an object in S3, {problem}")


def _placeholders(template: Template) -> Iterator[tuple[Path, Form, str]]:
    for spot in spots(template.document):
        value, form = spot.value, Form.URI
        if isinstance(value, dict):
            form = spot.place.form
            bucket, key = value.get(form.value[0]), value.get(form.value[1])
        else:
            bucket, _, key = str(value).removeprefix("s3://").partition("/")
        if bucket == BUCKET and isinstance(key, str) and (named := _KEY.fullmatch(key)):
            yield spot.path, form, named[1]


def _rewritten(template: Template, objects: Mapping[Path, tuple[Form, str, str]]) -> Template:
    """Copies what lies on the way to a change, once, and shares all else with `template`."""
    copies: dict[Path, Any] = {(): dict(template.document)}
    for path, (form, bucket, key) in objects.items():
        within = copies[()]
        for depth, step in enumerate(path[:-1], start=1):
            if path[:depth] not in copies:
                copies[path[:depth]] = within[step] = within[step].copy()
            within = copies[path[:depth]]
        within[path[-1]] = _naming(within[path[-1]], form, bucket, key)
    return Template(document=copies[()], warnings=template.warnings)


def _naming(old: Any, form: Form, bucket: str, key: str) -> Any:
    if form is Form.URI:
        return f"s3://{bucket}/{key}"
    in_bucket, in_key, in_version = form.value
    kept = {name: value for name, value in old.items() if name not in {in_version, *_OF_ONE_OBJECT}}
    return kept | {in_bucket: bucket, in_key: key}
