"""What is told of a write, and the form in which it is told."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.changes import Change, changes_of
from registry.errors import NonRetryable
from tests.support.entities import PUBLISHER, arn

pytestmark = pytest.mark.unit

SCHEMA = json.loads((Path(__file__).parents[2] / "contracts/events/change.json").read_text())
FORM = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
AT = "2026-11-24T06:16:00.000Z"
APPLICATION = {
    "PK": f"ACCOUNT#{PUBLISHER}",
    "SK": "APP#hello",
    "kind": "application",
    "id": "01ID",
    "rev": 3,
    "licenseDigest": "a" * 64,
    "readmeDigest": "b" * 64,
    "correlationId": "request-1",
}
VERSION = {
    "PK": "APP#01ID",
    "SK": "VERSION#001",
    "kind": "version",
    "semanticVersion": "1.0.0",
    "correlationId": "request-1",
}
TEMPLATE = {**VERSION, "SK": "TEMPLATE#uuid-1", "kind": "template"}


def told(before: Any, after: Any) -> tuple[Change, ...]:
    return changes_of(before, after, at=AT, arn_of=lambda account, name: str(arn(name, account)))


@pytest.mark.parametrize(
    ("before", "after", "verb"),
    [(None, APPLICATION, "created"), ({**APPLICATION, "rev": 2}, APPLICATION, "updated")],
)
def test_an_application_that_is_there_is_told_with_its_arn_id_and_rev(
    before: Any, after: Any, verb: Any
) -> None:
    assert told(before, after) == (
        Change(
            kind="application",
            change=verb,
            id="01ID",
            at=AT,
            application_id=str(arn("hello")),
            rev=3,
            correlation_id="request-1",
        ),
    )


def test_a_deletion_tells_the_last_rev_and_documents_but_not_the_request_of_the_write_before() -> None:
    (change,) = told(APPLICATION, None)
    assert (change.change, change.rev, change.correlation_id) == ("deleted", 3, None)
    assert change.document_digests == ("a" * 64, "b" * 64)


def test_a_version_and_a_template_are_told_by_the_id_that_they_hang_off() -> None:
    (version,), (template,) = told(None, VERSION), told(None, TEMPLATE)
    assert (version.id, version.semantic_version, version.template_id) == ("01ID", "1.0.0", None)
    assert (template.id, template.semantic_version, template.template_id) == ("01ID", "1.0.0", "uuid-1")
    assert told(VERSION, None)[0].change == "deleted"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TEMPLATE, None),
        (None, {"PK": f"ACCOUNT#{PUBLISHER}", "SK": "USAGE", "kind": "usage"}),
        (None, {"PK": f"ACCOUNT#{PUBLISHER}", "SK": "RATE#x"}),
        (None, None),
    ],
)
def test_what_concerns_nobody_is_not_told(before: Any, after: Any) -> None:
    assert told(before, after) == ()


def test_another_application_in_the_place_of_one_is_a_deletion_and_a_creation() -> None:
    other = {**APPLICATION, "id": "02ID", "rev": 1}
    assert [(one.change, one.id) for one in told(APPLICATION, other)] == [
        ("deleted", "01ID"),
        ("created", "02ID"),
    ]


@pytest.mark.parametrize("missing", ["id", "rev"])
def test_an_item_that_no_store_wrote_is_refused_with_what_it_lacks(missing: str) -> None:
    broken = {name: value for name, value in APPLICATION.items() if name != missing}
    with pytest.raises(NonRetryable, match=missing):
        told(None, broken)


TEXT = st.text(min_size=1, max_size=20)
IMAGES = st.one_of(
    st.none(),
    st.builds(lambda name, rev: {**APPLICATION, "id": name, "rev": rev}, TEXT, st.integers(1, 10**9)),
    st.builds(lambda version: {**VERSION, "semanticVersion": version}, TEXT),
    st.builds(lambda key: {**TEMPLATE, "SK": f"TEMPLATE#{key}"}, TEXT),
    st.just({name: value for name, value in APPLICATION.items() if not name.endswith(("Digest", "Id"))}),
)


@given(before=IMAGES, after=IMAGES)
def test_every_event_keeps_the_contract_and_is_read_back_as_it_was(before: Any, after: Any) -> None:
    for change in told(before, after):
        event = change.as_event()
        FORM.validate(event)
        assert Change.parse(json.dumps(event)) == change
        assert Change.parse(json.dumps({**event, "later": "member"})) == change


FULL = {
    "version": "1",
    "kind": "application",
    "change": "created",
    "applicationId": str(arn("hello")),
    "id": "01ID",
    "rev": 1,
    "at": AT,
}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"version": "2"}, "version '2'"),
        ({"version": 1}, "version 1"),
        ({"kind": "account"}, "kind"),
        ({"change": "moved"}, "change"),
        ({"id": ""}, "id"),
        ({"id": None}, "id"),
        ({"at": 5}, "at"),
        ({"rev": "1"}, "rev"),
        ({"rev": True}, "rev"),
        ({"applicationId": None}, "applicationId"),
        ({"kind": "version"}, "semanticVersion"),
        ({"kind": "template", "semanticVersion": "1.0.0"}, "templateId"),
        ({"documentDigests": "abc"}, "documentDigests"),
        ({"documentDigests": [1]}, "documentDigests"),
    ],
)
def test_what_the_contract_refuses_the_reader_refuses_and_says_why(wrong: dict[str, Any], said: str) -> None:
    event = {**FULL, **wrong}
    assert not FORM.is_valid(event)
    with pytest.raises(NonRetryable, match=said):
        Change.parse(json.dumps(event))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "[" * 100_000])
def test_what_is_no_event_at_all_is_refused(text: str) -> None:
    with pytest.raises(NonRetryable):
        Change.parse(text)


def test_the_example_of_these_tests_keeps_the_contract() -> None:
    FORM.validate(FULL)
    assert Change.parse(json.dumps(FULL)).rev == 1
