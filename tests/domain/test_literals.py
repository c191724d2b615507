"""What a value says by itself."""

from typing import Any

import pytest

from registry.domain.literals import branches, literal_text

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (8, "8"),
        (1.5, "1.5"),
        (None, None),
        ([], None),
        ({}, None),
        ({"Ref": "A"}, None),
        ({"Fn::Sub": "a"}, "a"),
        ({"Fn::Sub": ["a", {}]}, "a"),
        ({"Fn::Sub": "a-${!B}-$c"}, "a-${B}-$c"),
        ({"Fn::Sub": "a${B}"}, None),
        ({"Fn::Sub": "a${!B}${AWS::Region}"}, None),
        ({"Fn::Sub": ["a${B}", {"B": "b"}]}, None),
        ({"Fn::Sub": []}, None),
        ({"Fn::Sub": 8}, None),
        ({"Fn::Join": ["/", ["a", 8, {"Fn::Sub": "b"}]]}, "a/8/b"),
        ({"Fn::Join": ["", []]}, ""),
        ({"Fn::Join": ["", ["a", {"Ref": "B"}]]}, None),
        ({"Fn::Join": [{"Ref": "B"}, ["a"]]}, None),
        ({"Fn::Join": ["", {"Ref": "B"}]}, None),
        ({"Fn::Join": ["a"]}, None),
        ({"Fn::Join": "a"}, None),
        ({"Fn::Base64": "a"}, None),
        ({"Fn::Sub": "a", "B": 1}, None),
    ],
)
def test_text_is_told_by_scalars_and_functions_of_scalars(value: Any, text: str | None) -> None:
    assert literal_text(value) == text


def test_the_sides_of_an_if_are_told_with_their_paths() -> None:
    value = {"Fn::If": ["C", "a", {"Fn::If": ["D", "b", ["c"]]}]}
    assert list(branches(value, ("P",))) == [
        (("P", "Fn::If", 1), "a"),
        (("P", "Fn::If", 2, "Fn::If", 1), "b"),
        (("P", "Fn::If", 2, "Fn::If", 2), ["c"]),
    ]
    for odd in ({"Fn::If": ["C", "a"]}, {"Fn::If": "C"}, {"Fn::If": ["C", 1, 2], "X": 1}, None):
        assert list(branches(odd)) == [((), odd)]
