"""Whatever a stranger sends to the exchange, or a strange server answers as STS, is refused in words."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.caller_identity import Unreadable, read_caller_identity
from registry.domain.tokens import (
    Demand,
    Proof,
    Server,
    check_proof,
    read_demand,
    read_signed_at,
)
from registry.errors import Invalid, SignatureFault
from tests.support.proofs import Ask
from tests.support.sts import ANSWER

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
GOOD = Ask(at=NOW).request()
texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def judge(asked: dict[str, Any], proof: dict[str, Any], now: datetime = NOW) -> tuple[Demand, Proof]:
    demand = read_demand(asked, signed_at=read_signed_at(proof, now=now))
    server = Server(stage="alpha", region="us-east-1", host="a1b2c3d4e5.execute-api.us-east-1.amazonaws.com")
    return demand, check_proof(proof, server_id=server.id_for(demand), region="us-east-1", now=now)


def test_the_good_one_is_good() -> None:
    demand, proof = judge(GOOD, GOOD["proof"])
    assert proof.headers == GOOD["proof"]
    assert sorted(demand.by_date) == ["20261124", "20261125"]


@given(st.sampled_from(["kind", "nonce", "signingKeys"]), values)
def test_any_other_value_in_a_member_is_refused(member: str, value: object) -> None:
    with pytest.raises((Invalid, SignatureFault)):
        judge(GOOD | {member: value}, GOOD["proof"])


@given(st.sampled_from(sorted(GOOD["proof"])), values)
def test_any_other_value_in_a_header_is_refused(header: str, value: object) -> None:
    with pytest.raises((Invalid, SignatureFault)):
        judge(GOOD, GOOD["proof"] | {header: value})


@given(st.sampled_from(sorted(GOOD["proof"])), st.data())
def test_what_is_not_refused_reaches_sts_as_it_was_sent(header: str, data: st.DataObject) -> None:
    """A changed key id, second or signature is for STS to judge, so nothing may be put right on the way."""
    text = GOOD["proof"][header]
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(
        st.characters(min_codepoint=0, max_codepoint=0x17F).filter(lambda c: c != text[place])
    )
    changed = text[:place] + character + text[place + 1 :]
    sent = GOOD["proof"] | {header: changed}
    with suppress(Invalid, SignatureFault):
        _, proof = judge(GOOD, sent)
        assert proof.headers == sent
        assert header in ("authorization", "x-amz-date")


@pytest.mark.parametrize(
    ("signed", "days"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), ["20261231", "20270101"]),
        (datetime(2028, 2, 28, 12, tzinfo=UTC), ["20280228", "20280229"]),
        (datetime(2026, 11, 25, 0, 0, 0, tzinfo=UTC), ["20261125", "20261126"]),
    ],
)
def test_today_and_tomorrow_are_those_of_the_proof(signed: datetime, days: list[str]) -> None:
    """A registry whose own clock is already (or still) on another day takes them as well."""
    ask = Ask(at=signed).request()
    for now in (signed - timedelta(minutes=2), signed + timedelta(minutes=2)):
        assert sorted(judge(ask, ask["proof"], now)[0].by_date) == days


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_unreadable(answer: bytes) -> None:
    with pytest.raises(Unreadable):
        read_caller_identity(answer)


@given(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 6))
def test_a_damaged_answer_never_names_another_account(place: int, put: bytes, drop: int) -> None:
    good = ANSWER.format(arn="arn:aws:iam::111111111111:user/ada", account="111111111111").encode()
    with suppress(Unreadable):
        found = read_caller_identity(good[:place] + put + good[place + drop :])
        assert found.arn.split(":")[4] == found.account


@pytest.mark.parametrize("encoding", ["utf-32", "big5", "none", "idna", "utf-16"])
def test_an_answer_in_an_odd_encoding_is_unreadable(encoding: str) -> None:
    good = ANSWER.format(arn="arn:aws:iam::111111111111:user/ada", account="111111111111")
    with pytest.raises(Unreadable):
        read_caller_identity(f'<?xml version="1.0" encoding="{encoding}"?>{good}'.encode())
