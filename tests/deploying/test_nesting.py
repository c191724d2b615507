"""Which applications a deployment is made of, for any graph of applications."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.applications import MAX_NESTED, Dependency
from registry.domain.nesting import Planned, plan
from registry.errors import AccessDenied, Invalid

pytestmark = pytest.mark.unit

Graph = dict[int, tuple[int, ...]]


def graphs(size: int) -> st.SearchStrategy[Graph]:
    """Half of them without cycles: there, an application nests only those that come behind it."""
    anything = {node: st.integers(0, size - 1) for node in range(size)}
    downwards = {node: st.integers(node + 1, size - 1) for node in range(size - 1)}
    return st.one_of(
        st.fixed_dictionaries({node: _children(chosen) for node, chosen in anything.items()}),
        st.fixed_dictionaries({node: _children(chosen) for node, chosen in downwards.items()}).map(
            lambda graph: {**graph, size - 1: ()}
        ),
    )


def _children(chosen: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(chosen, max_size=4, unique=True).map(tuple)


GRAPHS = st.integers(1, 12).flatmap(graphs)


def name(node: int) -> Dependency:
    return Dependency(application_id=f"app-{node}", semantic_version="1.0.0")


def planned(graph: Graph, node: int) -> Planned:
    return Planned(
        application_id=f"app-{node}",
        semantic_version="1.0.0",
        template_digest=str(node),
        nested=tuple(name(child) for child in graph[node]),
    )


def longest(graph: Graph, node: int, way: tuple[int, ...] = ()) -> float:
    """Levels under `node`; infinite where a way comes back to where it was."""
    if node in way:
        return float("inf")
    return max((1 + longest(graph, child, (*way, node)) for child in graph[node]), default=0)


def made_of(graph: Graph, depth: int) -> tuple[list[int], list[int]]:
    """The plan of node 0, and what was opened for it."""
    opened: list[int] = []

    def opener(nested: Dependency) -> Planned:
        node = int(nested.application_id.removeprefix("app-"))
        opened.append(node)
        return planned(graph, node)

    order = plan(planned(graph, 0), opener, depth=depth)
    return [int(one.template_digest) for one in order], opened


@given(GRAPHS, st.integers(0, 12))
def test_a_graph_is_planned_exactly_when_it_is_neither_cyclic_nor_too_deep(graph: Graph, depth: int) -> None:
    if longest(graph, 0) <= depth:
        order, opened = made_of(graph, depth)
        assert order[-1] == 0
        assert sorted(opened) == sorted(set(order) - {0})  # each once, and the root never
        assert len(order) == len(set(order))
        for place, node in enumerate(order):
            assert set(graph[node]) <= set(order[:place])
    else:
        with pytest.raises(Invalid):
            made_of(graph, depth)


def test_a_cycle_is_named_all_around() -> None:
    with pytest.raises(Invalid, match=r"app-0 1\.0\.0 > app-1 1\.0\.0 > app-2 1\.0\.0 > app-1 1\.0\.0$"):
        made_of({0: (1,), 1: (2,), 2: (1,)}, depth=9)


@pytest.mark.parametrize(("levels", "accepted"), [(4, True), (5, True), (6, False)])
def test_five_levels_are_the_deepest_when_five_are_allowed(levels: int, accepted: bool) -> None:
    chain: Graph = {node: (node + 1,) for node in range(levels)} | {levels: ()}
    if accepted:
        assert made_of(chain, depth=5)[0] == list(range(levels, -1, -1))
    else:
        with pytest.raises(Invalid, match="deeper than 5 levels: app-0"):
            made_of(chain, depth=5)


def test_a_shared_application_is_deep_where_its_longest_way_is() -> None:
    graph: Graph = {0: (3, 1), 1: (2,), 2: (3,), 3: (4,), 4: ()}
    assert made_of(graph, depth=4)[0][-1] == 0
    with pytest.raises(Invalid, match="deeper than 3 levels"):
        made_of(graph, depth=3)


@pytest.mark.parametrize(("nested", "accepted"), [(MAX_NESTED, True), (MAX_NESTED + 1, False)])
def test_no_more_are_opened_than_may_be_nested(nested: int, accepted: bool) -> None:
    graph: Graph = {0: tuple(range(1, nested + 1))} | dict.fromkeys(range(1, nested + 1), ())
    if accepted:
        assert len(made_of(graph, depth=1)[0]) == nested + 1
    else:
        with pytest.raises(Invalid, match="more than 200"):
            made_of(graph, depth=1)


def test_who_may_not_have_a_nested_application_gets_no_plan() -> None:
    def refuse(nested: Dependency) -> Any:
        raise AccessDenied(f"not {nested.application_id}")

    with pytest.raises(AccessDenied, match="not app-1"):
        plan(planned({0: (1,), 1: ()}, 0), refuse, depth=5)
