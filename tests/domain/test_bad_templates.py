"""Broken and hostile templates: refused, quickly, with what is wrong and where."""

import contextlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.json_text import MAX_DEPTH
from registry.domain.templates import MAX_BYTES, parse_template
from registry.errors import Invalid

pytestmark = pytest.mark.unit

RESOURCE = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("# nothing\n", "is empty"),
        ("just text", "is a text, a map is needed"),
        ("- a\n- b", "is a list, a map is needed"),
        ("8", "is a number"),
        ("~", "is nothing"),
        ("Parameters: {}", "Resources is missing"),
        ("Resources:", "Resources is nothing"),
        ("Resources: []", "Resources is a list"),
        ("Resources: {}", "Resources is empty"),
        ("Resources:\n  Good: {Type: X}\n  Bad: {Typ: X}", r"'Bad' has no Type text \(line 3, column 3\)"),
        ("Resources:\n  Bad:\n    Type: 8", r"'Bad' has no Type text \(line 2, column 3\)"),
        ("Resources:\n  Bad:\n    Type: ''", r"'Bad' has no Type text \(line 2, column 3\)"),
        ("Resources:\n  Bad: hello", r"'Bad' is a text \(line 2, column 3\)"),
        (
            '{"Resources":\n {"A": {"Type": "X"},\n  "B": {"Bad": 1}}}',
            r"'B' has no Type text \(line 3, column 3\)",
        ),
        ('{"A": 1,\n "Resources": }', r"JSON not well-formed: .* \(line 2, column 15\)"),
        ('{"Resources": {"A": {"Type": "X"}}} more', "JSON not well-formed: Extra data"),
        ('{"Resources": {"A": {"Type": "X", "N": NaN}}}', r"NaN is not a JSON number \(line 1, column 40\)"),
        ('{"Resources": {"A": {"Type": "X", "N": -Infinity}}}', r"-Infinity is not a JSON number"),
        ('{"Resources": {"A": {"Type": "X"}},\n"B": "\\ud800"}', r"surrogate pair .* \(line 2, column 7\)"),
        ('{"Resources": {"A": {"Type": "\x01"}}}', "JSON not well-formed: Invalid control character"),
        (f"{RESOURCE}A: [", r"YAML not well-formed: .* \(line 2, column 5\)"),
        (f"{RESOURCE}A:\n\t- b", r"character that cannot start any token \(line 3, column 1\)"),
        (f"{RESOURCE}A: é\x01", r"the character U\+0001 is not allowed \(line 2, column 5\)"),
        (f"{RESOURCE}A: \x00", r"the character U\+0000 is not allowed \(line 2, column 4\)"),
        (f"{RESOURCE}A: !Unknown b", r"unknown tag !Unknown \(line 2, column 4\)"),
        (f"{RESOURCE}A: !Unknown [b]", r"unknown tag !Unknown \(line 2, column 4\)"),
        (f"{RESOURCE}A: !!python/object:os.system {{}}", "unknown tag !!python/object:os.system"),
        (f"{RESOURCE}A: !!binary aGk=", "unknown tag !!binary"),
        (f"{RESOURCE}A: !!int hello", r"'hello' is not a value of !!int \(line 2, column 4\)"),
        (f"{RESOURCE}A: !!bool hello", "is not a value of !!bool"),
        (f"{RESOURCE}? [a]\n: b", r"a key must be text \(line 2, column 3\)"),
        (f"{RESOURCE}? {{a: b}}\n: c", "a key must be text"),
        (f"{RESOURCE}!Ref a: b", "a key must be text"),
        (f"{RESOURCE}A: {{? : b}}", r"a key is missing \(line 2, column 7\)"),
        (f"{RESOURCE}<<: 8", "a merge key << needs a map"),
        (f"{RESOURCE}A: *nowhere", r"the alias \*nowhere names no anchor before it \(line 2, column 4\)"),
        (f"{RESOURCE}A: &a [1, *a]", r"the alias \*a stands inside of what it names \(line 2, column 11\)"),
        (f"{RESOURCE}A: [&a x, &a [*a]]", r"the alias \*a stands inside of what it names"),
        (f"{RESOURCE}A: &a {{b: {{<<: *a}}}}", "stands inside of what it names"),
        (
            'Resources: {Q: {Type: "AWS::SQS::Queue"}}\nMetadata:\n  &x <<: {a: 1}\n  y: *x',
            r"the alias \*x names no anchor before it \(line 4, column 6\)",
        ),
        (
            'Resources: {Q: {Type: "AWS::SQS::Queue"}}\nA: &x old\nMetadata:\n  &x <<: {a: 1}\n  y: *x',
            r"the alias \*x names no anchor before it \(line 5, column 6\)",
        ),
        (f"{RESOURCE}---\nA: b", r"more than one document \(line 2, column 1\)"),
        ("a\ud800b", r"surrogate pair is not a character \(line 1, column 2\)"),
        (b"Resources:\n  \xff: x", r"the byte 0xff is not UTF-8 \(line 2, column 3\)"),
        ("Resources: {}".encode("utf-16"), "the byte 0xff is not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str | bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        parse_template(text)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("Resources:\n  A: {Type: X}\nResources:\n  B: {Type: X}", (1, 1), (3, 1)),
        ("Resources:\n  A: {Type: X}\n  B: {Type: X}\n  A: {Type: X}", (2, 3), (4, 3)),
        ("Outputs: {}\nResources: {A: {Type: X}}\nOutputs: {}", (1, 1), (3, 1)),
        ("Resources:\n  A:\n    Type: X\n    Type: X", (3, 5), (4, 5)),
        ("Resources: {A: {Type: X,\n Properties: {Code: 1,\n Code: 2}}}", (2, 15), (3, 2)),
        ("Parameters:\n  A: {}\n  A: {}\n" + RESOURCE, (2, 3), (3, 3)),
        ("Parameters:\n  A: {Default: 1, Default: 1}\n" + RESOURCE, (2, 7), (2, 19)),
        ('{"Resources": {"A": {"Type": "X"},\n "A": {"Type": "X"}}}', (1, 16), (2, 2)),
        ('{"Resources": {"A": {"Type": "X"}}, "M": [{"a": 1},\n {"a": 1, "\\u0061": 2}]}', (2, 3), (2, 11)),
    ],
)
def test_a_key_twice_is_refused_with_both_places(
    text: str, first: tuple[int, int], second: tuple[int, int]
) -> None:
    said = "stands twice in one map, at line {}, column {} and at line {}, column {}".format(*first, *second)
    with pytest.raises(Invalid, match=said):
        parse_template(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Resources: {A: {Type: X, Properties: {P: {N: 1,\n N: 2}}}}", "Resources.A.Properties.P.N"),
        ("Resources: {A: {Type: X, Properties: {P: true,\n P: True}}}", "Resources.A.Properties.P"),
        ("Outputs: {O: {Value: 1},\n O: {Value: 2}}\n" + RESOURCE, "Outputs.O"),
    ],
)
def test_a_key_twice_where_the_registry_does_not_read_is_a_warning_and_the_last_one_counts(
    text: str, path: str
) -> None:
    template = parse_template(text)
    [warning] = template.warnings
    assert warning.startswith(f"{path} stands twice, at line 1, column ")
    assert warning.endswith(": the last one counts")
    assert "2" in template.dump() or "true" in template.dump()


@pytest.mark.parametrize("as_bytes", [True, False])
def test_one_byte_over_the_limit_is_refused_before_it_is_read(as_bytes: bool) -> None:
    text = (RESOURCE + "[" * MAX_BYTES)[: MAX_BYTES - 1] + "é"
    with pytest.raises(Invalid, match=rf"has {MAX_BYTES + 1} bytes, {MAX_BYTES} allowed"):
        parse_template(text.encode() if as_bytes else text)


@pytest.mark.parametrize("bomb", ["lists", "maps", "text", "merges"])
def test_an_alias_bomb_is_refused(bomb: str) -> None:
    first = {"lists": "[lol, lol]", "maps": "{a: lol}", "text": "x" * 5000, "merges": "{k: lol}"}[bomb]
    lines = [f"a0: &a0 {first}"]
    for level in range(1, 9):
        inner = ", ".join([f"*a{level - 1}"] * 9)
        nested = ", ".join(f"k{n}: *a{level - 1}" for n in range(9))
        written = {"merges": f"{{<<: [{inner}], m{level}: *a{level - 1}}}", "maps": f"{{{nested}}}"}
        lines.append(f"a{level}: &a{level} {written.get(bomb, f'[{inner}]')}")
    with pytest.raises(Invalid, match=r"multiply the template out of proportion \(line \d, column \d+\)"):
        parse_template(RESOURCE + "\n".join(lines))


@pytest.mark.parametrize(("times", "refused"), [(19, False), (21, True)])
def test_aliases_may_add_twenty_times_the_length_of_a_template(times: int, refused: bool) -> None:
    text = f"{RESOURCE}A: &a {'x' * 50_000}\nB: [{', '.join(['*a'] * times)}]"
    if refused:
        with pytest.raises(Invalid, match="out of proportion"):
            parse_template(text)
    else:
        assert len(parse_template(text).dump()) > times * 50_000


def test_aliases_never_add_more_than_a_megabyte() -> None:
    text = f"{RESOURCE}A: &a {'x' * 600_000}\nB: [*a, *a]"
    with pytest.raises(Invalid, match="out of proportion"):
        parse_template(text)


def test_aliases_in_proportion_are_not_refused() -> None:
    tags = "Tags: &tags [{Key: team, Value: payments}, {Key: stage, Value: alpha}]\n"
    queues = "".join(f"  Q{n}: {{Type: X, Properties: {{Tags: *tags}}}}\n" for n in range(450))
    template = parse_template(f"{tags}Resources:\n{queues}")
    assert template.dump().count("payments") == 451


DEEP = 10_000
HOSTILE = {
    "nested YAML lists": RESOURCE + "A: " + "[" * DEEP + "]" * DEEP,
    "nested YAML maps": RESOURCE + "A: " + "{a: " * DEEP + "}" * DEEP,
    "a megabyte of opened YAML lists": "A: " + "[" * 1_000_000,
    "a megabyte of compact YAML lists": "A:\n" + "- " * 500_000,
    "a megabyte of question marks": "? " * 500_000,
    "nested JSON lists": '{"A": ' + "[" * DEEP + "]" * DEEP + "}",
    "nested JSON maps": '{"A":' * DEEP + "1" + "}" * DEEP,
    "a megabyte of opened JSON lists": '{"A":' + "[" * 1_000_000,
    "JSON one level too deep": '{"Resources":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}",
    "short tags one level too deep": RESOURCE + "A: " + "!If [" * (MAX_DEPTH // 2) + "]" * (MAX_DEPTH // 2),
    "depth by aliases": RESOURCE
    + "a0: &a0 x\n"
    + "".join(f"a{n}: &a{n} [[[[[*a{n - 1}]]]]]\n" for n in range(1, 50)),
    "200,000 repeated keys": RESOURCE + "A: {" + "a," * 200_000 + "}",
    "200,000 repeated JSON keys": '{"A": {' + '"a":1,' * 170_000 + '"a":1}}',
    "300,000 anchors, one wanted": RESOURCE + "A: [" + "&a x," * 190_000 + "*b]",
    "a megabyte of opened JSON strings": '{"A": "' + '\\"' * 500_000,
    "one long line of colons": "a:" * 500_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.timeout(30)  # what is not linear would take minutes
def test_hostile_text_is_refused_in_linear_time(text: str) -> None:
    with pytest.raises(Invalid):
        parse_template(text)


@pytest.mark.parametrize("opened", ["[", "{a: ", "!If ["])
def test_the_deepest_template_allowed_is_read_and_written(opened: str) -> None:
    levels = (MAX_DEPTH - 1) // (2 if opened == "!If [" else 1)
    text = RESOURCE + "A: " + opened * levels + ("}" if opened == "{a: " else "]") * levels
    template = parse_template(text)
    assert parse_template(template.dump()) == template


@pytest.mark.parametrize(
    "number", ["9" * 1_000_000, "1:" * 300_000 + "1", "0x" + "f" * 900_000, "1." + "0" * 900_000]
)
@pytest.mark.timeout(30)  # reading it as a number would take minutes
def test_a_number_of_a_million_digits_stays_text(number: str) -> None:
    template = parse_template(f"{RESOURCE}A: [{number}]")
    assert template.document["A"] == [number]
    assert parse_template(template.dump()) == template
    if number.isdigit():
        as_json = '{"Resources": {"A": {"Type": "X", "N": ' + number + "}}}"
        assert parse_template(as_json).document["Resources"]["A"]["N"] == number


@settings(max_examples=200, deadline=None)
@given(st.text() | st.binary() | st.text(alphabet="{}[]:,-&*!<>|?%@\"'#\n\t a1", max_size=60))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    with contextlib.suppress(Invalid):
        json.dumps(parse_template(text).document, allow_nan=False).encode()


SAMPLE = """AWSTemplateFormatVersion: 2010-09-09
Parameters: &p
  Name: {Type: String, Default: !Sub '${A}'}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: "s3://bucket/key", Events: [1, *p], <<: {x: y}}
"""


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, len(SAMPLE)),
    st.integers(0, 8),
    st.text(alphabet=" {}[]:,-&*!<>|?\n\t\"'\x07é", max_size=3),
)
def test_a_damaged_template_is_read_or_refused_with_a_place_in_it(at: int, lost: int, put: str) -> None:
    damaged = SAMPLE[:at] + put + SAMPLE[at + lost :]
    try:
        parse_template(damaged)
    except Invalid as refusal:
        for line in re.findall(r"line (\d+)", refusal.message):
            assert 1 <= int(line) <= damaged.count("\n") + 1
