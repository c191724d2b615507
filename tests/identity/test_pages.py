from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.pages import open_token, seal
from registry.errors import Invalid

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
ARN = "arn:aws:serverlessrepo:us-east-1:111111111111:applications/a"
QUESTION: dict[str, Any] = {
    "operation": "ListApplicationVersions",
    "caller": "111111111111",
    "subject": ARN,
    "now": NOW,
    "key": b"k" * 32,
}
POSITION = {"PK": "APP#01JDZ", "SK": "VERSION#0011.00210.0010~+"}
TOKEN = seal(POSITION, **QUESTION)


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=30), max_size=3))
def test_the_same_question_gets_its_position_back(position: dict[str, str]) -> None:
    assert open_token(seal(position, **QUESTION), **QUESTION) == position


# Three lengths, so that the last character has no, two and four spare bits.
@pytest.mark.parametrize("padding", ["", "x", "xx"])
def test_any_flipped_bit_is_refused(padding: str) -> None:
    token = seal({**POSITION, "padding": padding}, **QUESTION)
    for at, character in enumerate(token):
        for bit in range(8):
            changed = token[:at] + chr(ord(character) ^ (1 << bit)) + token[at + 1 :]
            with pytest.raises(Invalid, match="nextToken"):
                open_token(changed, **QUESTION)


def test_any_cut_token_is_refused() -> None:
    for length in range(len(TOKEN)):
        with pytest.raises(Invalid, match="nextToken"):
            open_token(TOKEN[:length], **QUESTION)


@pytest.mark.parametrize(
    "other",
    [
        {"operation": "ListApplications"},
        {"caller": "222222222222"},
        {"subject": ARN + "b"},
        {"subject": ""},
        {"key": b"j" * 32},
        {"caller": "111111111111" + ARN, "subject": ""},
    ],
)
def test_a_foreign_token_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="another operation, caller or application"):
        open_token(TOKEN, **{**QUESTION, **other})


def test_a_token_lives_24_hours() -> None:
    day = timedelta(days=1)
    assert open_token(TOKEN, **{**QUESTION, "now": NOW + day - timedelta(seconds=1)}) == POSITION
    with pytest.raises(Invalid, match="older than 24 hours"):
        open_token(TOKEN, **{**QUESTION, "now": NOW + day})


@given(st.text(max_size=5000))
def test_no_text_can_do_more_than_be_refused(text: str) -> None:
    with pytest.raises(Invalid):
        open_token(text, **QUESTION)


def test_a_token_is_safe_in_a_query_string() -> None:
    assert all(character.isalnum() or character in "-_=" for character in TOKEN)
