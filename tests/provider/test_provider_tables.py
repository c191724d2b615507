"""The tables hold together: facts with the SDK, descriptions with the facts and with botocore's models."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from localcloud.provider import resources
from localcloud.provider.cloud import Cloud
from localcloud.provider.description import EVERYTHING, Call, Description, Patch
from localcloud.provider.facts import Schema, all_facts
from localcloud.provider.job import operation_input
from localcloud.provider.mapping import fields, to_api
from tests.provider import sdk

pytestmark = pytest.mark.unit

TOKENS = sorted(all_facts())


def described(token: str) -> Description:
    found = resources.description(token)
    assert found is not None
    return found


# --- facts and the SDK
@pytest.mark.parametrize("token", TOKENS)
def test_the_inputs_are_those_of_the_sdk_that_the_program_uses(token: str) -> None:
    _assert_within(all_facts()[token].inputs, sdk.inputs(token), token)


def _assert_within(ours: Schema, theirs: Schema, path: str) -> None:
    """Ours may lack what is not supported; what it has is of the SDK's type."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        assert ours.keys() <= theirs.keys(), path
        for key in ours:
            _assert_within(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        _assert_within(ours[0], theirs[0], f"{path}[]")
    else:
        assert ours == theirs, path


@pytest.mark.parametrize("token", TOKENS)
def test_the_facts_name_only_known_properties(token: str) -> None:
    facts = all_facts()[token]
    paths = {*facts.required, *facts.defaults, *facts.optional_computed, *facts.replace_on, *facts.replace_if}
    paths |= {facts.autoname_property} if facts.autoname_property else set()
    unknown = sorted(path for path in paths if not _has(facts.inputs, path))
    assert unknown == []


def _has(schema: Schema, path: str) -> bool:
    for step in path.split("."):
        key = step.removesuffix("[]")
        if not isinstance(schema, dict) or key not in schema:
            return False
        schema = schema[key][0] if step.endswith("[]") else schema[key]
    return True


# --- descriptions and the API's models
@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        yield Cloud(region="us-east-1")


def _actions(description: Description) -> list[Any]:
    return [description.create, *(step.action for step in description.steps)]


@pytest.mark.parametrize("token", TOKENS)
def test_every_property_has_its_way_to_the_cloud(token: str, cloud: Cloud) -> None:
    """None is dropped: a call sends it, a patch names it, a hook of a step or of the creation takes it."""
    description, facts = described(token), all_facts()[token]
    ways = {"region", "tags", *description.local, *fields(description.id)}
    for action in _actions(description):
        if isinstance(action, Call):
            ways |= set(_sent(description, action, facts.inputs, cloud))
            ways |= {name for text in _texts(action.params) for name in fields(text)}
        elif isinstance(action, Patch):
            ways |= action.paths.keys()
    for step in description.steps:
        if not isinstance(step.action, Call | Patch):
            ways |= set(facts.inputs) if step.properties == EVERYTHING else set(step.properties)
    if not isinstance(description.create, Call | Patch):
        ways |= {name for name in facts.inputs if name in facts.replace_on}
    assert sorted(facts.inputs.keys() - ways) == []


def _sent(description: Description, call: Call, inputs: dict[str, Schema], cloud: Cloud) -> list[str]:
    shape = operation_input(cloud.client(description.service), call.operation)
    return [
        name
        for name in inputs
        if {"*", name} & set(call.sends)
        and to_api(description, shape, {name: _sample(inputs[name])}, (name,))
    ]


def _texts(params: Any) -> Iterator[str]:
    if isinstance(params, str):
        yield params
    elif isinstance(params, dict | list):
        for item in params.values() if isinstance(params, dict) else params:
            yield from _texts(item)


_NUMBERS = count(1001)


def _sample(schema: Schema) -> Any:
    """A value of the type, every leaf of it unlike any other."""
    if isinstance(schema, list):
        return [_sample(schema[0])]
    if isinstance(schema, dict):
        return {("k" if name == "*" else name): _sample(inner) for name, inner in schema.items()}
    number = next(_NUMBERS)
    return {"string": f"{number}", "integer": number, "number": number + 0.5, "boolean": True}.get(
        schema, number
    )


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return ["true" if value is True else str(value)]


@pytest.mark.parametrize("token", TOKENS)
def test_nothing_inside_a_property_is_lost_on_its_way(token: str, cloud: Cloud) -> None:
    description, facts = described(token), all_facts()[token]
    for action in _actions(description):
        if not isinstance(action, Call):
            continue
        shape = operation_input(cloud.client(description.service), action.operation)
        for name in _sent(description, action, dict(facts.inputs), cloud):
            if not description.member(name).to_api:
                value = _sample(facts.inputs[name])
                sent = to_api(description, shape, {name: value}, (name,))
                assert set(_leaves(value)) <= set(_leaves(sent)), f"{name} by {action.operation}"
