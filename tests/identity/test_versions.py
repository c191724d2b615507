import random

import pytest
import semver
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.versions import parse, sort_key
from registry.errors import Invalid

pytestmark = pytest.mark.unit

numbers = st.one_of(st.integers(0, 12), st.integers(0, 10**20)).map(str)
words = st.from_regex(r"\A[0-9A-Za-z-]{0,3}[A-Za-z-][0-9A-Za-z-]{0,3}\Z")
identifiers = st.one_of(numbers, words, st.sampled_from(["a", "a-", "aa", "A", "-", "0", "00a"]))


@st.composite
def versions(draw: st.DrawFn) -> str:
    text = ".".join(draw(st.tuples(numbers, numbers, numbers)))
    if prerelease := draw(st.lists(identifiers, max_size=3)):
        text += "-" + ".".join(prerelease)
    if build := draw(st.lists(words, max_size=2)):
        text += "+" + ".".join(build)
    return text


def neighbours() -> st.SearchStrategy[tuple[str, str]]:
    """Pairs that differ in one place: random pairs differ in the first number nearly always."""
    core = st.sampled_from(["1.2.3", "1.10.0"])
    tail = st.lists(identifiers, max_size=3).map(lambda parts: "-" + ".".join(parts) if parts else "")
    return st.tuples(core, tail, tail).map(lambda t: (t[0] + t[1], t[0] + t[2]))


@settings(max_examples=1000)
@given(st.one_of(st.tuples(versions(), versions()), neighbours()))
def test_the_order_of_keys_is_the_precedence_of_the_semver_library(pair: tuple[str, str]) -> None:
    one, other = pair
    precedence = semver.Version.parse(one).compare(semver.Version.parse(other))
    ours, theirs = sort_key(one).encode(), sort_key(other).encode()
    if precedence:
        assert (ours > theirs) == (precedence > 0)
    else:
        assert (ours == theirs) == (one == other)


@given(versions())
def test_a_version_reads_back_as_it_was_written(text: str) -> None:
    assert str(parse(text)) == text


def test_the_specification_s_own_example_is_in_order() -> None:
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.9.0",
        "1.10.0",
        "2.0.0",
    ]
    shuffled = random.sample(ordered, len(ordered))
    assert sorted(shuffled, key=sort_key) == ordered


def test_two_builds_of_one_version_are_two_versions() -> None:
    assert sort_key("1.0.0+a") != sort_key("1.0.0+b")


def test_the_longest_keys_fit_a_dynamodb_sort_key() -> None:
    worst = "0.0.0-" + "0." * 60 + "0"
    assert len(worst) <= 128
    assert len("VERSION#" + sort_key(worst)) <= 800


def test_numbers_longer_than_any_machine_integer_compare_by_value() -> None:
    assert sort_key(f"1.0.{'9' * 60}") < sort_key(f"1.0.1{'0' * 60}")


@given(st.text(max_size=20))
def test_what_the_semver_library_refuses_is_refused(text: str) -> None:
    if semver.Version.is_valid(text):
        parse(text)
    else:
        with pytest.raises(Invalid):
            parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-01", "1.0.0-", "1.0.0+", "1.0.0\n", "1.0.0-a..b",
     "١.0.0", "1.0.0 ", "1.0.0-é"],
)  # fmt: skip
def test_near_misses_are_refused_and_shown(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert repr(text) in refused.value.message


def test_more_than_128_characters_are_refused_by_number() -> None:
    assert parse("1.0.0-" + "a" * 122)
    with pytest.raises(Invalid, match="129 characters, 128 allowed"):
        parse("1.0.0-" + "a" * 123)
