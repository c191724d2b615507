"""What a template's text means."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.templates import MAX_BYTES, Template, parse_template
from registry.domain.yaml_scalars import plain_value

pytestmark = pytest.mark.unit

RESOURCE = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}\n"


def value_of(text: str) -> Any:
    """What `text` is to a reader of a template that holds it."""
    return parse_template(f"{RESOURCE}Metadata: {text}\n").document["Metadata"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Name", {"Ref": "Name"}),
        ("!Ref 123", {"Ref": "123"}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!GetAtt Hello.Arn", {"Fn::GetAtt": ["Hello", "Arn"]}),
        ("!GetAtt Nested.Outputs.Url", {"Fn::GetAtt": ["Nested", "Outputs.Url"]}),
        ("!GetAtt [Hello, Arn]", {"Fn::GetAtt": ["Hello", "Arn"]}),
        ("!Sub '${A}-b'", {"Fn::Sub": "${A}-b"}),
        ("!Sub ['${A}', {A: !Ref B}]", {"Fn::Sub": ["${A}", {"A": {"Ref": "B"}}]}),
        ("!Join ['-', [a, !Ref B]]", {"Fn::Join": ["-", ["a", {"Ref": "B"}]]}),
        ("!Select [0, !GetAZs '']", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        ("!Split [',', 'a,b']", {"Fn::Split": [",", "a,b"]}),
        ("!If [C, 1, !Ref AWS::NoValue]", {"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]}),
        ("!Equals [!Ref A, b]", {"Fn::Equals": [{"Ref": "A"}, "b"]}),
        ("!And [!Condition A, !Not [!Condition B]]",
         {"Fn::And": [{"Condition": "A"}, {"Fn::Not": [{"Condition": "B"}]}]}),
        ("!Or [true, false]", {"Fn::Or": [True, False]}),
        ("!FindInMap [M, !Ref 'AWS::Region', k]", {"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}),
        ("!ImportValue shared", {"Fn::ImportValue": "shared"}),
        ("!Base64 text", {"Fn::Base64": "text"}),
        ("!Cidr [10.0.0.0/16, 6, 8]", {"Fn::Cidr": ["10.0.0.0/16", 6, 8]}),
        ("!Transform {Name: M, A: 1}", {"Fn::Transform": {"Name": "M", "A": 1}}),
        ("!ToJsonString {a: 1}", {"Fn::ToJsonString": {"a": 1}}),
        ("!Length [1, 2]", {"Fn::Length": [1, 2]}),
    ],
)  # fmt: skip
def test_a_short_tag_is_its_long_form(short: str, long: object) -> None:
    assert value_of(short) == long


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2012-10-17", "2012-10-17"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("yes", True),
        ("Off", False),
        ("y", "y"),
        ("0o17", "0o17"),
        ("017", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("12:30:45", 45045),
        ("012345678901", "012345678901"),
        ("1.10", 1.1),
        ("1e3", "1e3"),
        ("1.0e+3", 1000.0),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1.0e+999", "1.0e+999"),
        ("0x_", "0x_"),
        ("~", None),
        ("''", ""),
        ("'8'", "8"),
        ("!!str 8", "8"),
        ("!!int '8'", 8),
        ("! 8", 8),
        ("=", "="),
        ("9" * 65, "9" * 65),
        ("0x" + "f" * 60, "0x" + "f" * 60),
    ],
)
def test_a_plain_scalar_is_what_the_sam_tools_read_but_a_date_and_what_json_cannot_hold_stay_text(
    written: str, read: object
) -> None:
    assert value_of(written) == read
    assert type(value_of(written)) is type(read)


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="0123456789+-.:_eExXbBnNaAfFtTrRuUlLsSyYoOiI~", min_size=1, max_size=14))
def test_every_plain_scalar_means_what_pyyamls_safe_loader_reads(text: str) -> None:
    resolver = yaml.SafeLoader("")
    tag = resolver.resolve(yaml.ScalarNode, text, (True, False))
    try:
        expected = resolver.construct_object(yaml.ScalarNode(tag, text))
        json.dumps(expected, allow_nan=False)
    except (ValueError, TypeError, yaml.YAMLError):
        expected = text
    read = plain_value(text)
    assert (read, type(read)) == (expected, type(expected))


def test_a_key_stays_as_it_is_written() -> None:
    assert value_of("{1: a, 0123: b, yes: c, 1.10: d, ~: e, 2012-10-17: f, '<<': g}") == {
        "1": "a",
        "0123": "b",
        "yes": "c",
        "1.10": "d",
        "~": "e",
        "2012-10-17": "f",
        "<<": "g",
    }


def test_merge_keys_and_aliases_work_as_in_pyyaml() -> None:
    text = """
    base: &base {a: 1, b: {c: 2}}
    more: &more {a: 9, d: 4}
    own: {<<: *base, b: 5}
    both: {x: 0, <<: [*base, *more]}
    twice: {<<: *base, <<: *more}
    list: [*base, *base]
    word: &word hello
    *word : there
    """
    assert value_of(text.replace("\n    ", "\n  ")) == yaml.safe_load(text)


def test_json_is_read_as_json() -> None:
    text = '\ufeff {"Resources": {"T": {"Type": "X", "N": 1e2, "S": "\\ud83d\\ude00\\/", "D": "2012-10-17"}}}'
    assert parse_template(text.encode()).document == {
        "Resources": {"T": {"Type": "X", "N": 100.0, "S": "😀/", "D": "2012-10-17"}}
    }


def test_json_indented_by_tabs_and_crlf_yaml_are_read() -> None:
    tabbed = json.dumps({"Resources": {"T": {"Type": "X"}}}, indent="\t")
    assert parse_template(tabbed) == parse_template("Resources:\r\n  T:\r\n    Type: X\r\n")


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES - 1])
def test_a_template_up_to_the_limit_in_bytes_is_read(size: int) -> None:
    text = RESOURCE + "Description: é"
    padded = text + "x" * (size - len(text.encode()))
    assert len(padded.encode()) == size
    assert parse_template(padded).document["Description"].startswith("éx")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**20), max_value=10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=80, deadline=None)
@given(VALUES)
def test_what_is_dumped_reads_back_equal_and_dumps_the_same(value: object) -> None:
    template = Template(document={"Resources": {"T": {"Type": "X", "Properties": value}}})
    dumped = template.dump()
    again = parse_template(dumped)
    assert again == template == Template.load(dumped)
    assert again.dump() == dumped


@settings(max_examples=80, deadline=None)
@given(VALUES)
def test_yaml_that_pyyaml_writes_reads_back_equal(value: object) -> None:
    document = {"Resources": {"T": {"Type": "X", "Properties": value}}}
    for style in (False, True):
        text = yaml.dump(document, Dumper=yaml.CSafeDumper, default_flow_style=style, allow_unicode=True)
        assert parse_template(f"---\n{text}").document == document


def test_the_dump_keeps_characters_and_the_authors_order() -> None:
    template = parse_template("Resources: {Ünï: {Type: X, B: 1, A: 2}}")
    assert template.dump() == '{"Resources":{"Ünï":{"Type":"X","B":1,"A":2}}}'
