"""The graph of units: circles are found exactly where a slow and plain way finds them."""

from __future__ import annotations

import random

from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from support.unit_histories import (
    Deed,
    deeds,
    has_order,
    history_of,
    is_circular,
    knowing_their_own,
    naively_circular,
    one_after_another,
    plainly,
    spans,
)

from pileup.detectors.case import Case
from pileup.detectors.cycles import cycles
from pileup.detectors.graph import (
    JOIN,
    RW,
    WR,
    WW,
    Graph,
    Hop,
    shortest_circle,
    strong_components,
)

ALL = 1 << WW | 1 << WR | 1 << RW


def graph_of(*edges: tuple[int, int, int], joins: tuple[int, ...] = ()) -> Graph:
    graph = Graph(lambda *_: False)
    graph.joins.update(dict.fromkeys(joins))
    for source, target, sort in edges:
        graph.edge(source, target, sort)
    return graph


def test_a_graph_without_circles_has_no_components() -> None:
    assert graph_of((0, 1, WW), (1, 2, WR), (0, 2, RW)).components() == []


def test_components_are_the_sets_of_which_each_leads_to_each() -> None:
    graph = graph_of((0, 1, WW), (1, 0, WR), (1, 2, WW), (2, 3, WW), (3, 2, RW), (3, 4, WW))
    assert graph.components() == [[0, 1], [2, 3]]


def test_a_node_does_not_lead_to_itself() -> None:
    assert graph_of((0, 0, WW), (0, 1, WW)).components() == []


def test_a_join_is_no_unit() -> None:
    assert graph_of((0, 1, RW), (1, 0, JOIN), joins=(1,)).components() == []


def test_a_circle_over_a_join_has_the_sort_of_its_half_that_has_one() -> None:
    graph = graph_of((0, 2, RW), (1, 2, RW), (2, 0, JOIN), (2, 1, JOIN), joins=(2,))
    assert graph.components() == [[0, 1]]
    assert shortest_circle(graph, [0, 1], ALL, ALL) == [Hop(0, RW, 1), Hop(1, RW, 0)]


def test_units_that_are_nested_are_not_judged_by_each_other() -> None:
    graph = Graph(lambda *_: True)
    graph.edge(0, 1, WW)
    graph.edge(1, 0, WW)
    assert shortest_circle(graph, [0, 1], ALL, ALL) is None


def test_the_shortest_circle_is_found() -> None:
    ring = [(node, (node + 1) % 6, WW) for node in range(6)]
    graph = graph_of(*ring, (3, 1, WW))
    found = shortest_circle(graph, list(range(6)), ALL, ALL)
    assert found is not None
    assert [hop.source for hop in found] == [1, 2, 3]


def test_only_edges_of_the_sorts_that_are_asked_for_are_followed() -> None:
    graph = graph_of((0, 1, RW), (1, 0, WR))
    assert shortest_circle(graph, [0, 1], 1 << WW, 1 << WW) is None
    assert shortest_circle(graph, [0, 1], 1 << RW, 1 << WR) == [Hop(0, RW, 1), Hop(1, WR, 0)]
    assert shortest_circle(graph, [0, 1], 1 << RW, 1 << WW) is None


def test_a_long_way_needs_no_recursion() -> None:
    nodes = 50_000
    out = {node: [(node + 1) % nodes << 2] for node in range(nodes)}
    assert [len(each) for each in strong_components(out)] == [nodes]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_components_are_those_of_the_closure(edges: list[tuple[int, int]]) -> None:
    closure = set(edges)
    for middle in range(8):
        for one in range(8):
            for other in range(8):
                if (one, middle) in closure and (middle, other) in closure:
                    closure.add((one, other))
    expected = {
        tuple(other for other in range(8) if {(one, other), (other, one)} <= closure)
        for one in range(8)
        if (one, one) in closure
    }
    graph = graph_of((7, 7, WW), *((one, other, WW) for one, other in edges))
    assert {tuple(each) for each in graph.components()} == {
        each for each in expected if len(each) > 1
    }


# Against the plain way -------------------------------------------------------------------------


@given(deeds())
@settings(max_examples=2_000, deadline=None, derandomize=True)
@example([Deed(0, "update", 0), Deed(1, "read", 0), Deed(1, "update", 0), Deed(0, "write", 0)])
@example([Deed(None, "update", 1)] * 2 + [Deed(3, "read", 1, 1), Deed(3, "read", 1)])
def test_a_circle_is_found_where_the_plain_way_finds_one(told: list[Deed]) -> None:
    circular = is_circular(history_of(told))
    event(f"circular: {circular}")
    assert circular == naively_circular(plainly(told))


@given(deeds(units=3, items=2, most=24))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_so_it_is_with_many_accesses_to_few_items(told: list[Deed]) -> None:
    assert is_circular(history_of(told)) == naively_circular(plainly(told))


@given(deeds(units=3, items=3, most=8))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_is_in_no_circle_has_an_order(told: list[Deed]) -> None:
    told = knowing_their_own(told)
    if not is_circular(history_of(told)):
        assert has_order(plainly(told))


@given(deeds(units=3, items=3, most=8), st.sampled_from(["step", "transaction"]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_has_an_order_is_never_accused(told: list[Deed], level: str) -> None:
    found = list(cycles(Case(history_of(told, level))))
    event(f"accused: {[each.kind for each in found]}")
    assert not (found and has_order(plainly(told)))


def test_many_at_random_with_many_units() -> None:
    draw = random.Random(7)
    for _ in range(40):
        told = [
            Deed(
                draw.randrange(12),
                draw.choice(["read", "read", "update", "change", "write"]),
                draw.randrange(2),
                draw.choice([0, 0, 1, 3]),
            )
            for _ in range(draw.randrange(20, 40))
        ]
        assert is_circular(history_of(told)) == naively_circular(plainly(told))


def test_so_it_is_where_units_come_one_after_another() -> None:
    """Then each stretch is judged by itself, and what was read late reaches back over several."""
    draw = random.Random(11)
    told = [one_after_another(draw, draw.randrange(12, 30)) for _ in range(400)]
    circular = [is_circular(history_of(each)) for each in told]
    assert circular == [naively_circular(plainly(each)) for each in told]
    assert 50 < sum(circular) < 350, sum(circular)
    number = [len(list(spans(history_of(each)))) for each in told]
    assert max(number) > 3, max(number)
