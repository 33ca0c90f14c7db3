"""The graph of a workflow: tasks by name, each with the tasks that it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def find_cycle(graph: Graph) -> list[str] | None:
    """A path that comes back to where it began (`[a, b, a]`: a waits for b, b for a), or None.

    Dependencies that are no node of the graph are passed over. The same graph gives the same
    path. Deep graphs are walked without recursion.
    """
    done: set[str] = set()
    for start in graph:
        path = _walk(graph, start, done)
        if path:
            return path
    return None


def _walk(graph: Graph, start: str, done: set[str]) -> list[str] | None:
    if start in done:
        return None
    path = [start]
    on_path = {start}
    rest = [iter(graph[start])]
    while path:
        following = next(rest[-1], None)
        if following is None:
            rest.pop()
            node = path.pop()
            on_path.discard(node)
            done.add(node)
        elif following in on_path:
            return [*path[path.index(following) :], following]
        elif following in graph and following not in done:
            path.append(following)
            on_path.add(following)
            rest.append(iter(graph[following]))
    return None


def order(graph: Graph) -> list[str]:
    """The nodes, each after what it waits for, otherwise in the order given; no cycles allowed."""
    waiting = {
        node: {other for other in dependencies if other in graph}
        for node, dependencies in graph.items()
    }
    dependents: dict[str, list[str]] = {node: [] for node in graph}
    for node, dependencies in waiting.items():
        for dependency in dependencies:
            dependents[dependency].append(node)
    place = {node: number for number, node in enumerate(graph)}
    result: list[str] = []
    ready = [node for node in graph if not waiting[node]]
    while ready:
        result += ready
        freed: list[str] = []
        for node in ready:
            for dependent in dependents[node]:
                waiting[dependent].discard(node)
                if not waiting[dependent]:
                    freed.append(dependent)
        ready = sorted(freed, key=place.__getitem__)
    if len(result) != len(waiting):
        raise ValueError("the graph has a cycle")
    return result


def following(graph: Graph, names: Sequence[str]) -> list[str]:
    """All nodes that wait for one of `names`, directly or not, in the order of the graph."""
    dependents: dict[str, list[str]] = {node: [] for node in graph}
    for node, dependencies in graph.items():
        for dependency in dependencies:
            dependents.setdefault(dependency, []).append(node)
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        for node in dependents.get(waiting.pop(), ()):
            if node not in reached:
                reached.add(node)
                waiting.append(node)
    return [node for node in graph if node in reached]
