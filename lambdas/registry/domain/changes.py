"""What is told of a change in the entity table: keys and digests, never documents.

The form on the wire is version "1" of `contracts/events/change.json`. Deliveries come in any order and any
number of times: consumers compare `id` and `rev` with what the table says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from registry.errors import NonRetryable

SCHEMA_VERSION = "1"
# The attributes of an item that a change is made of.
ATTRIBUTES = (
    "PK",
    "SK",
    "kind",
    "id",
    "rev",
    "semanticVersion",
    "licenseDigest",
    "readmeDigest",
    "correlationId",
)

Kind = Literal["application", "version", "template"]
Verb = Literal["created", "updated", "deleted"]
Image = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """`id` is the application's, also of a version and a template; only an application's change has its ARN.

    `rev` is the application's after the change, or the last that it had. `document_digests`: licence and
    readme of a deleted application. `correlation_id`: of the request that wrote the item; a deletion leaves
    no place for it. `at` is ISO 8601 in UTC.
    """

    kind: Kind
    change: Verb
    id: str
    at: str
    application_id: str | None = None
    rev: int | None = None
    semantic_version: str | None = None
    template_id: str | None = None
    document_digests: tuple[str, ...] = ()
    correlation_id: str | None = None

    def as_event(self) -> dict[str, Any]:
        event = {
            "version": SCHEMA_VERSION,
            "kind": self.kind,
            "change": self.change,
            "applicationId": self.application_id,
            "id": self.id,
            "rev": self.rev,
            "at": self.at,
        }
        optional = {
            "semanticVersion": self.semantic_version,
            "templateId": self.template_id,
            "documentDigests": list(self.document_digests),
            "correlationId": self.correlation_id,
        }
        return event | {name: value for name, value in optional.items() if value}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NonRetryable on what is no event of this version. Unknown members are passed over."""
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            raise NonRetryable("The message is not JSON") from None
        if not isinstance(event, dict):
            raise NonRetryable("The message is not a JSON object")
        if event.get("version") != SCHEMA_VERSION:
            raise NonRetryable(
                f"The event has version {event.get('version')!r:.50}; {SCHEMA_VERSION!r} is read here"
            )
        change = cls(
            kind=_one_of(event, "kind", get_args(Kind)),
            change=_one_of(event, "change", get_args(Verb)),
            id=_text(event, "id", needed=True) or "",
            at=_text(event, "at", needed=True) or "",
            application_id=_text(event, "applicationId"),
            rev=_number(event, "rev"),
            semantic_version=_text(event, "semanticVersion"),
            template_id=_text(event, "templateId"),
            document_digests=_texts(event, "documentDigests"),
            correlation_id=_text(event, "correlationId"),
        )
        needed = {"application": "applicationId", "version": "semanticVersion", "template": "templateId"}
        _text(event, needed[change.kind], needed=True)
        return change


def changes_of(
    before: Image | None, after: Image | None, *, at: str, arn_of: Callable[[str, str], str]
) -> tuple[Change, ...]:
    """What one write says, in order; nothing of items that nobody is told of.

    `before` and `after` hold the ATTRIBUTES that the item had and has; None where there was or is no item.
    `arn_of` makes an application's ARN of account and name. Templates end by their time to live or with
    their application: their end is no change. Raises NonRetryable on an item that was not written here.
    """
    if before is not None and after is not None and before.get("id") != after.get("id"):
        gone = changes_of(before, None, at=at, arn_of=arn_of)
        return gone + changes_of(None, after, at=at, arn_of=arn_of)
    item = after if after is not None else before
    if item is None or item.get("kind") not in get_args(Kind):
        return ()
    if item["kind"] == "template" and after is None:
        return ()
    verb: Verb = "deleted" if after is None else "created" if before is None else "updated"
    try:
        return (_change(item, verb, at, arn_of),)
    except KeyError as missing:
        raise NonRetryable(f"An item of kind {item['kind']} has no {missing.args[0]}") from None


def _change(item: Image, verb: Verb, at: str, arn_of: Callable[[str, str], str]) -> Change:
    kind, above, key = item["kind"], item["PK"].partition("#")[2], item["SK"].partition("#")[2]
    deleted = verb == "deleted"
    correlation_id = None if deleted else item.get("correlationId")
    if kind == "application":
        digests = (item.get("licenseDigest"), item.get("readmeDigest"))
        return Change(
            kind=kind,
            change=verb,
            id=item["id"],
            at=at,
            application_id=arn_of(above, key),
            rev=item["rev"],
            document_digests=tuple(digest for digest in digests if digest) if deleted else (),
            correlation_id=correlation_id,
        )
    return Change(
        kind=kind,
        change=verb,
        id=above,
        at=at,
        semantic_version=item["semanticVersion"],
        template_id=key if kind == "template" else None,
        correlation_id=correlation_id,
    )


def _one_of(event: Mapping[str, Any], name: str, allowed: tuple[Any, ...]) -> Any:
    value = event.get(name)
    if value not in allowed:
        raise _refused(name, value, f"one of {', '.join(allowed)}")
    return value


def _text(event: Mapping[str, Any], name: str, *, needed: bool = False) -> str | None:
    value = event.get(name)
    if (value is None and not needed) or (isinstance(value, str) and value):
        return value
    raise _refused(name, value, "a text that is not empty")


def _number(event: Mapping[str, Any], name: str) -> int | None:
    value = event.get(name)
    if value is None or type(value) is int:
        return value
    raise _refused(name, value, "a whole number")


def _texts(event: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = event.get(name, [])
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise _refused(name, value, "a list of texts")


def _refused(name: str, value: object, needed: str) -> NonRetryable:
    return NonRetryable(f"The event's {name} is {value!r:.100}; {needed} is needed")
