"""What each operation may be asked, and the constraints on it (serverlessrepo-api.md §2, §4).

A field is the API's member in snake case; one without a default is required. An instance is always valid:
making one raises Invalid, naming the member, its limit and what was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from registry.domain.arns import ApplicationArn
from registry.domain.licences import check_spdx_id
from registry.domain.s3_urls import parse_s3_url
from registry.domain.versions import parse as parse_version
from registry.errors import Invalid

MAX_DOCUMENT_BYTES = 5 * 1024 * 1024
MAX_URL_CHARACTERS = 2048
DEFAULT_PAGE = MAX_PAGE = 100

_NAME = re.compile(r"[a-zA-Z0-9-]{1,140}")
_DOCUMENTED_AUTHOR = re.compile(r"[a-z0-9](?:(?:[a-z0-9]|-(?!-))*[a-z0-9])?")
_LABEL = re.compile(r"[a-zA-Z0-9+\-_:/@]{1,127}")
_WEB_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f\"<>\\^`{|}]+", re.IGNORECASE)


class Checked:
    """Checks every field that was given by its rule, then that no document has two sources.

    `RULES`: those of one input alone, by field; a rule takes the member's name and its value. They go before
    the rules that fields of the same name share in all inputs.
    """

    RULES: ClassVar[Mapping[str, Callable[..., object]]] = {}

    def __post_init__(self) -> None:
        given = vars(self)
        rules = {**_RULES, **self.RULES}
        for name, value in given.items():
            if name in rules and value is not None:
                rules[name](wire_name(name), value)
        for document in ("license", "readme", "template"):
            body, url = f"{document}_body", f"{document}_url"
            if given.get(body) is not None and given.get(url) is not None:
                raise Invalid(
                    f"{wire_name(body)} and {wire_name(url)} are both given; one of them is allowed"
                )


@dataclass(frozen=True, kw_only=True)
class ListApplications(Checked):
    max_items: int = DEFAULT_PAGE
    next_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Publication(Checked):
    """What makes a version. Nothing of it is used when no version is asked for."""

    source_code_archive_url: str | None = None
    source_code_url: str | None = None
    template_body: str | None = None
    template_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class CreateApplication(Publication):
    author: str
    description: str
    name: str
    home_page_url: str | None = None
    labels: tuple[str, ...] = ()
    license_body: str | None = None
    license_url: str | None = None
    readme_body: str | None = None
    readme_url: str | None = None
    semantic_version: str | None = None
    spdx_license_id: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.semantic_version is not None and self.template_body is None and self.template_url is None:
            raise Invalid("semanticVersion is given without templateBody or templateUrl")


@dataclass(frozen=True, kw_only=True)
class OfApplication(Checked):
    application_id: str

    @property
    def arn(self) -> ApplicationArn:
        return ApplicationArn.parse(self.application_id)


@dataclass(frozen=True, kw_only=True)
class GetApplication(OfApplication):
    semantic_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeleteApplication(OfApplication):
    pass


@dataclass(frozen=True, kw_only=True)
class UpdateApplication(OfApplication):
    """None leaves a field as it is; no labels at all are an empty tuple."""

    author: str | None = None
    description: str | None = None
    home_page_url: str | None = None
    labels: tuple[str, ...] | None = None
    readme_body: str | None = None
    readme_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class CreateApplicationVersion(OfApplication, Publication):
    semantic_version: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.template_body is None and self.template_url is None:
            raise Invalid("templateBody or templateUrl is required")


@dataclass(frozen=True, kw_only=True)
class ListApplicationVersions(OfApplication):
    max_items: int = DEFAULT_PAGE
    next_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class ListApplicationDependencies(OfApplication):
    """Without a version: the newest."""

    max_items: int = DEFAULT_PAGE
    next_token: str | None = None
    semantic_version: str | None = None


def wire_name(field: str) -> str:
    """`home_page_url` is `homePageUrl` on the wire."""
    if field == "principal_org_ids":
        return "principalOrgIDs"  # the one name of the API that is spelled otherwise
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


def matching(pattern: re.Pattern[str], rule: str) -> Callable[[str, str], None]:
    """A rule: the whole value matches; `rule` says in words what it must be."""

    def check(member: str, value: str) -> None:
        if pattern.fullmatch(value) is None:
            raise Invalid(f"{member} must be {rule}; {shown(value)} was given")

    return check


def length(least: int, most: int) -> Callable[[str, str], None]:
    """A rule on the number of characters."""

    def check(member: str, value: str) -> None:
        if not least <= len(value) <= most:
            raise Invalid(f"{member} must have {least} to {most} characters; it has {len(value)}")

    return check


def _author(member: str, value: str) -> None:
    # The documented pattern is not what AWS enforces: its own applications are by "AWS" and "SAM Team".
    length(1, 127)(member, value)
    if not value.isprintable() or not value.strip():
        raise Invalid(f"{member} must be printable text; {shown(value)} was given")


def unusual_author(author: str) -> str | None:
    """A warning when `author` is not of the documented form, which AWS itself does not insist on."""
    if _DOCUMENTED_AUTHOR.fullmatch(author):
        return None
    return (
        f"author {shown(author)} has not the documented form: lower-case letters, digits and single hyphens"
    )


def _labels(member: str, value: tuple[str, ...]) -> None:
    if len(value) > 10:
        raise Invalid(f"{member} may hold 10 labels; {len(value)} were given")
    for place, label in enumerate(value):
        matching(_LABEL, "1 to 127 letters, digits and + - _ : / @")(f"{member}[{place}]", label)


def _document(member: str, value: str) -> None:
    if (size := len(value.encode())) > MAX_DOCUMENT_BYTES:
        raise Invalid(f"{member} may have {MAX_DOCUMENT_BYTES} bytes (5 MB); it has {size}")


def _web_url(member: str, value: str) -> None:
    length(1, MAX_URL_CHARACTERS)(member, value)
    matching(_WEB_URL, "an http or https URL")(member, value)


def _s3_url(member: str, value: str) -> None:
    parse_s3_url(value, member)


def _page(member: str, value: int) -> None:
    if not 1 <= value <= MAX_PAGE:
        raise Invalid(f"{member} must be 1 to {MAX_PAGE}; {value} was given")


def shown(value: str) -> str:
    """A given value in an error's text: quoted, and cut at 80 characters."""
    return repr(value if len(value) <= 80 else f"{value[:80]}…")


_RULES: dict[str, Callable[..., object]] = {
    "name": matching(_NAME, "1 to 140 letters, digits and hyphens"),
    "author": _author,
    "description": length(1, 256),
    "labels": _labels,
    "home_page_url": _web_url,
    "source_code_url": _web_url,
    "license_body": _document,
    "readme_body": _document,
    "license_url": _s3_url,
    "readme_url": _s3_url,
    "template_url": _s3_url,
    "source_code_archive_url": _s3_url,
    "spdx_license_id": lambda _member, value: check_spdx_id(value),
    "semantic_version": lambda _member, value: parse_version(value),
    "application_id": lambda _member, value: ApplicationArn.parse(value),
    "max_items": _page,
}
