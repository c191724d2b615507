"""200 real applications, read by us and by a reader that shares none of our code."""

import contextlib
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.analysis import analyse
from registry.domain.assets import find_assets, placeholder_digests, resolve, with_placeholders
from registry.domain.templates import Template, parse_template
from registry.errors import Invalid
from tests.support.corpus import NESTING_LOCAL_TEMPLATES, applications, prepared

pytestmark = pytest.mark.unit

BUCKET, KEY = "packages-111111111111", "stub.zip"
PREPARED = [prepared(one, BUCKET, KEY) for one in applications()]


class _Independent(yaml.CSafeLoader):
    """PyYAML as SAM CLI sets it up, with dates as text."""


def _long_form(loader: Any, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: node.value.split(".", 1) if tag == "GetAtt" else node.value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Independent.add_multi_constructor("!", _long_form)
_Independent.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def independent(text: str) -> Any:
    return _keys_as_text(yaml.load(text, Loader=_Independent))


def _keys_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _keys_as_text(inner) for key, inner in value.items()}
    return [_keys_as_text(inner) for inner in value] if isinstance(value, list) else value


def users_of(name: str, document: dict[str, Any]) -> list[str]:
    """Found by searching texts, which no template of the corpus deceives."""
    ref, sub = f"{{'Ref': '{name}'}}", re.compile(rf"\$\{{{name}\}}")

    def uses(body: Any, seen: tuple[str, ...] = ()) -> bool:
        text = str(body)
        chosen = [
            condition
            for condition in (document.get("Conditions") or {})
            if condition not in seen
            and (f"'Condition': '{condition}'" in text or f"'Fn::If': ['{condition}'" in text)
        ]
        return (
            ref in text
            or sub.search(text) is not None
            or any(uses(document["Conditions"][one], (*seen, one)) for one in chosen)
        )

    globals_ = document.get("Globals") or {}
    return [
        key
        for key, body in document["Resources"].items()
        if uses(body) or uses(globals_.get(body["Type"].removeprefix("AWS::Serverless::")))
    ]


def test_all_200_read_as_the_independent_reader_reads_them() -> None:
    assert len(PREPARED) == 200
    differ = [
        one["name"]
        for one in PREPARED
        if parse_template(one["template"]).document != independent(one["template"])
    ]
    assert differ == []


def test_all_are_analysed_but_three_that_nest_local_templates() -> None:
    refused = {}
    for one in PREPARED:
        try:
            analyse(parse_template(one["template"]))
        except Invalid as refusal:
            refused[one["name"]] = refusal.message
    assert refused.keys() == NESTING_LOCAL_TEMPLATES
    assert all("Location property must be an Application Location Object" in why for why in refused.values())


def test_all_others_have_the_parameters_that_the_independent_reader_finds() -> None:
    count = 0
    for one in PREPARED:
        if one["name"] in NESTING_LOCAL_TEMPLATES:
            continue
        document = independent(one["template"])
        said = document.get("Parameters") or {}
        found = analyse(parse_template(one["template"])).parameters
        assert [parameter.name for parameter in found] == list(said), one["name"]
        for parameter in found:
            count += 1
            attributes = said[parameter.name]
            member = parameter.as_member()
            expected: dict[str, Any] = {
                name: str(attributes[theirs])
                for name, theirs in (
                    ("type", "Type"),
                    ("defaultValue", "Default"),
                    ("description", "Description"),
                    ("allowedPattern", "AllowedPattern"),
                    ("constraintDescription", "ConstraintDescription"),
                )
                if theirs in attributes
            }
            for name in ("MinLength", "MaxLength", "MinValue", "MaxValue"):
                if name in attributes:
                    expected[name[0].lower() + name[1:]] = int(attributes[name])
            if "AllowedValues" in attributes:
                expected["allowedValues"] = [str(value) for value in attributes["AllowedValues"]]
            if "NoEcho" in attributes:
                expected["noEcho"] = str(attributes["NoEcho"]).lower() == "true"
            expected["name"] = parameter.name
            expected["referencedByResources"] = users_of(parameter.name, document)
            assert member == expected, one["name"]
    assert count > 150


def test_all_200_come_back_from_placeholders_as_they_were() -> None:
    digest, stubs = "a" * 64, 0
    for one in PREPARED:
        template = parse_template(one["template"])
        found = find_assets(template)
        stubs += len(found)
        assert {(asset.bucket, asset.key) for asset in found} <= {(BUCKET, KEY)}
        stored = parse_template(with_placeholders(template, dict.fromkeys(found, digest)).dump())
        assert placeholder_digests(stored, known={digest}) == ((digest,) if found else ())
        assert stored.dump().count("<%REPO_BUCKET%>") == len(found)
        assert resolve(stored, BUCKET, lambda _: KEY) == template
    assert stubs > 150


def test_preparing_changes_local_paths_alone() -> None:
    for before, after in zip(applications(), PREPARED, strict=True):
        assert 1 <= len(after["description"]) <= 256
        assert after["author"]
        changed = [
            (old, new)
            for old, new in zip(before["template"].splitlines(), after["template"].splitlines(), strict=True)
            if old != new
        ]
        assert all(new.rstrip().endswith(f'"s3://{BUCKET}/{KEY}"') or "#" in new for _, new in changed)
        assert all(old.partition(":")[0] == new.partition(":")[0] for old, new in changed)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(PREPARED),
    st.lists(
        st.tuples(
            st.integers(0, 20_000),
            st.integers(0, 30),
            st.sampled_from(
                ["", "\n", " ", "- ", ": ", "Fn::If", "!Sub ", "&a ", "*a", "{}", "[", "${A}", "s3://b/k"]
            ),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_a_damaged_real_template_is_published_or_refused(
    one: dict[str, Any], damages: list[tuple[int, int, str]]
) -> None:
    text = one["template"]
    for somewhere, lost, put in damages:
        at = somewhere % (len(text) + 1)
        text = text[:at] + put + text[at + lost :]
    with contextlib.suppress(Invalid):
        template = parse_template(text)
        analyse(template)
        found = find_assets(template)
        stored = with_placeholders(template, dict.fromkeys(found, "a" * 64))
        assert Template.load(stored.dump()) == stored
