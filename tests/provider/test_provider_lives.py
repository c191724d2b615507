"""Every supported type against the emulator: made, read, changed behind its back, put right, updated,
deleted.
"""

from collections import Counter
from typing import Any

import pytest

from localcloud.provider.facts import all_facts
from localcloud.provider.values import plain
from tests.provider import sdk
from tests.provider.cases import CASES, Case, World
from tests.provider.conftest import DEFAULT_TAGS
from tests.provider.driver import Driver, Resource

pytestmark = pytest.mark.wire

_SEEN: Counter[str] = Counter()


def _name(case: Case) -> str:
    short = case.token.rpartition(":")[2].lower()
    module = case.token.split(":")[1].split("/")[0]
    _SEEN[case.token] += 1
    return f"case-{module}-{short}-{_SEEN[case.token]}"


def _matches(actual: Any, expected: Any) -> bool:
    """A document is told by a piece of it, and what is empty by None."""
    if expected is None:
        return actual in (None, "", [], {})
    if isinstance(actual, str) and isinstance(expected, str):
        return expected in actual
    if isinstance(actual, dict) and isinstance(expected, dict):
        return all(_matches(actual.get(key), value) for key, value in expected.items())
    if isinstance(actual, list) and isinstance(expected, list) and len(actual) == len(expected):
        return all(_matches(item, value) for item, value in zip(actual, expected, strict=True))
    return bool(plain(actual) == expected)


NAMED = [pytest.param(case, name, id=name) for case, name in ((case, _name(case)) for case in CASES)]


@pytest.mark.parametrize(("case", "name"), NAMED)
def test_a_resource_is_what_the_cloud_says_from_its_creation_to_its_end(
    case: Case, name: str, world: World
) -> None:
    driver, facts = world.driver, all_facts()[case.token]
    inputs = case.inputs(world)

    made = driver.create(case.token, name, inputs)
    assert made.id
    missing = [output for output in facts.outputs_only if output not in made.state]
    assert not missing, f"outputs that the stock provider has: {missing}"
    strange = [key for key, value in made.state.items() if not _fits(value, sdk.outputs(case.token).get(key))]
    assert not strange, f"of another type than the SDK's: { {key: made.state[key] for key in strange} }"
    for key, value in plain(made.inputs).items():
        assert _is_in_state(value, made.state.get(key)), f"{key} in the state"

    seen = driver.read(made)
    assert seen.id == made.id
    assert plain(seen.inputs) == plain(made.inputs), "nothing was changed: a refresh shows no difference"
    _assert_complete(seen, made)

    made = _updated(case, driver, made, inputs, world)
    _drifts(case, driver, made, world)

    driver.delete(made)
    assert driver.read(made).id == ("" if not case.remains else made.id), "gone"
    driver.delete(made)  # a second time is fine


def _is_in_state(wanted: Any, held: Any) -> bool:
    """The state holds what was wanted; AWS may add to an object, or hold nothing for what is empty."""
    if isinstance(wanted, dict) and isinstance(held, dict):
        return all(_is_in_state(value, held.get(key)) for key, value in wanted.items())
    return held is not None or wanted in ("", [], {}, False)


def _fits(value: Any, schema: Any) -> bool:
    """Whether a value of the state is of the type that the SDK reads; it does not look at what it does not
    know.
    """
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "archive": (dict,),
    }
    if isinstance(schema, str):
        return isinstance(value, kinds[schema])
    if isinstance(schema, list):
        return isinstance(value, list) and all(_fits(item, schema[0]) for item in value)
    return schema is None or isinstance(value, dict)


def _assert_complete(later: Resource, earlier: Resource) -> None:
    """No output of the earlier state is lost in the later one, and what both have is the same."""
    lost = [key for key in all_facts()[earlier.token].outputs_only if key not in later.state]
    assert not lost, f"outputs lost on the way: {lost}"
    both = later.state.keys() & earlier.state.keys()
    assert {key: later.state[key] for key in both} == {key: earlier.state[key] for key in both}


def _updated(case: Case, driver: Driver, made: Resource, inputs: dict[str, Any], world: World) -> Resource:
    if case.changed is None:
        assert all_facts()[case.token].no_update
        return made
    changed = driver.update(made, {**inputs, **case.changed(world)})
    assert not driver.diff(made, changed.inputs).replaces
    seen = driver.read(changed)
    assert plain(seen.inputs) == plain(changed.inputs), "the update arrived"
    _assert_complete(changed, seen)
    _assert_complete(seen, changed)
    return changed


def _drifts(case: Case, driver: Driver, made: Resource, world: World) -> None:
    case.drift(world, made)
    seen = driver.read(made)
    if case.vanishes:
        assert seen.id == ""
        return
    assert plain(seen.inputs) != plain(made.inputs)
    for key, value in case.drifted.items():
        assert _matches(seen.inputs.get(key), value), f"{key} drifted to {seen.inputs.get(key)!r}"
        assert _matches(seen.state.get(key), value) or value is None, f"{key} in the state"
    difference = driver.diff(seen, made.inputs)
    assert set(case.drifted) & set(difference.diffs), "preview shows the way back"
    if case.changed is not None:
        repaired = driver.update(
            seen, {k: v for k, v in made.inputs.items() if k not in ("__defaults", "tagsAll")}
        )
        assert plain(driver.read(repaired).inputs) == plain(made.inputs), "the next update puts it right"


def test_every_supported_type_has_a_case() -> None:
    assert {case.token for case in CASES} == set(all_facts())


def test_default_tags_reach_every_type_that_has_tags(world: World) -> None:
    for token, facts in all_facts().items():
        if "tags" in facts.inputs:
            assert "tagsAll" in facts.outputs_only, token
    assert world.queue.state["tagsAll"] == DEFAULT_TAGS
    assert world.client("sqs").list_queue_tags(QueueUrl=world.queue.id)["Tags"] == DEFAULT_TAGS
