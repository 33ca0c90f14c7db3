from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.workflow.graph import find_cycle, following, order

GRAPHS = st.dictionaries(
    st.sampled_from("abcdefg"), st.lists(st.sampled_from("abcdefgz"), max_size=4)
)


@pytest.mark.parametrize(
    ("graph", "cycle"),
    [
        ({}, None),
        ({"a": [], "b": ["a"], "c": ["a", "b"]}, None),
        ({"a": ["a"]}, ["a", "a"]),
        ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
        ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, ["a", "b", "c", "a"]),
        ({"a": ["gone"]}, None),
    ],
)
def test_a_cycle_is_the_path_back_to_where_it_began(
    graph: dict[str, list[str]], cycle: list[str] | None
) -> None:
    assert find_cycle(graph) == cycle


def test_a_chain_of_ten_thousand_is_walked() -> None:
    chain = {str(number): [str(number + 1)] for number in range(10_000)} | {"10000": []}
    assert find_cycle(chain) is None
    assert order(chain)[0] == "10000"
    chain["10000"] = ["0"]
    assert len(find_cycle(chain) or []) == 10_002


@given(GRAPHS)
def test_either_there_is_an_order_or_a_true_cycle(graph: dict[str, list[str]]) -> None:
    cycle = find_cycle(graph)
    if cycle is None:
        ordered = order(graph)
        assert sorted(ordered) == sorted(graph)
        for node, dependencies in graph.items():
            for dependency in set(dependencies) & graph.keys():
                assert ordered.index(dependency) < ordered.index(node)
        return
    assert cycle[0] == cycle[-1]
    assert all(after in graph[before] for before, after in itertools.pairwise(cycle))
    with pytest.raises(ValueError, match="cycle"):
        order(graph)


def test_the_order_given_is_kept_where_nothing_forbids_it() -> None:
    assert order({"c": [], "a": [], "b": ["c"]}) == ["c", "a", "b"]


def test_all_that_follows_is_found_in_the_order_of_the_graph() -> None:
    graph = {"d": ["c", "b"], "a": [], "b": ["a"], "c": ["a"], "e": []}
    assert following(graph, ["a"]) == ["d", "b", "c"]
    assert following(graph, ["b", "e"]) == ["d"]
    assert following(graph, ["gone"]) == []
