"""The S3 objects that a template names: found, replaced by placeholders, and put back for a deployment.

A stored template names an object by its content, `<%REPO_BUCKET%>` and `<%ASSET:sha256:<64 hex digits>%>`, in
the shape the property had; the object's version is dropped. Publishers cannot write placeholders themselves:
a digest would be a way to other people's code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.asset_places import Form, Spot, spots
from registry.domain.literals import NO_VALUE, is_function, literal_text
from registry.domain.positions import Path, dotted
from registry.domain.resources import in_loop
from registry.domain.s3_urls import is_object_address, looks_remote, parse_s3_url
from registry.domain.templates import Template
from registry.errors import Invalid

BUCKET = "<%REPO_BUCKET%>"
_KEY = re.compile(r"<%ASSET:sha256:([0-9a-f]{64})%>")
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
        elif not spot.place.code and (uri := _uri(spot)) is not None and not looks_remote(uri):
            yield f"{dotted(spot.path)} is not an S3 URI, so it cannot be deployed: package the template"


def with_placeholders(template: Template, digests: Mapping[AssetReference, str]) -> Template:
    """`digests`: the SHA-256, in hex, of each reference that find_assets gave for this template."""
    return _rewritten(
        template,
        {one.path: (one.form, BUCKET, f"<%ASSET:sha256:{digest}%>") for one, digest in digests.items()},
    )


def placeholder_digests(template: Template, *, known: Collection[str]) -> tuple[str, ...]:
    """Digests of the objects that a stored template names, sorted, each once.

    `known`: those that were copied when it was published. Raises Invalid for any other: a digest alone must
    never be a way to somebody's code.
    """
    named = sorted({digest for _, _, digest in _placeholders(template)})
    if strange := [digest for digest in named if digest not in known]:
        raise Invalid(f"The template names an object that was not published with it: {strange[0]}")
    return tuple(named)


def resolve(template: Template, bucket: str, key_of: Callable[[str], str]) -> Template:
    """A stored template made deployable: `key_of` gives the key in `bucket` of an object's digest.

    Only places for S3 objects are looked at: text that merely looks like a placeholder stays.
    """
    found = {path: (form, bucket, key_of(digest)) for path, form, digest in _placeholders(template)}
    return _rewritten(template, found)


def _read(spot: Spot) -> AssetReference | None:
    """None where no literal names an object. Raises Invalid for code outside of S3, and for placeholders."""
    value = spot.value
    for part in _parts(spot):  # before anything else: what is computed in part is looked at no further
        _refuse_placeholders(spot, str(part))
    if _is_computed(spot) or value is None or value == NO_VALUE:
        return None
    uri = _uri(spot)
    if uri is not None:
        return _read_uri(spot, uri)
    if isinstance(value, dict) and spot.place.form is not Form.URI:
        return _read_map(spot, value)
    if spot.place.code:
        raise _not_in_s3(spot, f"{value!r:.200} was given")
    return None


def _read_uri(spot: Spot, uri: str) -> AssetReference | None:
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
    if form is Form.S3_MAP and not named.keys() & set(form.value):
        return None  # inline code or an image
    bucket, key, version_id = (literal_text(named.get(name)) for name in form.value)
    if bucket is None or key is None or not is_object_address(bucket, key):
        if spot.place.code:
            raise _not_in_s3(spot, f"{form.value[0]} and {form.value[1]} must name an object")
        return None
    return AssetReference(path=spot.path, bucket=bucket, key=key, version_id=version_id, form=form)


def _uri(spot: Spot) -> str | None:
    """The address that the whole value is, whether written as it is or by functions of literals."""
    value = spot.value
    return literal_text(value) if isinstance(value, str) or is_function(value) else None


def _is_computed(spot: Spot) -> bool:
    """Only deployment tells the whole name or a part of it."""
    return not isinstance(spot.value, list) and any(_is_late(spot, part) for part in _parts(spot))


def _parts(spot: Spot) -> list[object]:
    """What makes up an object's name: the members of a map, or the value itself."""
    value = spot.value
    if isinstance(value, dict) and not is_function(value):
        return [value.get(name) for name in spot.place.form.value]
    return [value]


def _is_late(spot: Spot, part: object) -> bool:
    text = literal_text(part)
    if text is None:
        return isinstance(part, dict | list) and part != NO_VALUE
    return "${" in text and in_loop(spot.path)  # which a loop fills in


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
            bucket, key = ([value.get(name) for name in form.value] or [None, None])[:2]
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
