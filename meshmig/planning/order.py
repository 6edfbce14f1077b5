"""Who calls whom, and the order that keeps every call working: callers before callees, cycles as one."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter

from meshmig.model.mesh import Mesh


def calls(mesh: Mesh) -> Mapping[str, tuple[str, ...]]:
    """Return, for each workload, the workloads that it calls, by its backends or an edge's routes."""
    found: dict[str, tuple[str, ...]] = {}
    for workload in mesh.workloads:
        upstream, edge = mesh.upstream.get(workload.upstream or ""), mesh.edge.get(workload.edge or "")
        hosts = [use.host for use in upstream.backends] if upstream else []
        hosts += [route.host for route in edge.routes] if edge else []
        found[workload.id] = tuple(dict.fromkeys(_behind(mesh, hosts)))
    return found


def callers(mesh: Mesh) -> Mapping[str, tuple[str, ...]]:
    """Return, for each workload, the workloads that call it."""
    found: dict[str, list[str]] = {workload.id: [] for workload in mesh.workloads}
    for caller, callees in calls(mesh).items():
        for callee in callees:
            found[callee].append(caller)
    return {callee: tuple(sorted(names)) for callee, names in found.items()}


def _behind(mesh: Mesh, hosts: Iterable[str]) -> Iterator[str]:
    for name in hosts:
        host = mesh.host.get(name)
        for upstream in host.upstreams if host else ():
            if upstream in mesh.upstream:
                yield from mesh.upstream[upstream].workloads


def call_order(mesh: Mesh) -> tuple[tuple[str, ...], ...]:
    """Return the units in order, edges and callers first; a unit is a cycle of calls or pods of one address."""
    graph = {name: set(callees) for name, callees in calls(mesh).items()}
    for upstream in mesh.upstreams:
        for one in upstream.workloads:
            graph[one] |= set(upstream.workloads)
    groups = _components(graph)
    group_of = {name: group for group in groups for name in group}
    waits: dict[tuple[str, ...], set[tuple[str, ...]]] = {group: set() for group in groups}
    for caller, callees in graph.items():
        for callee in callees:
            if group_of[callee] != group_of[caller]:
                waits[group_of[callee]].add(group_of[caller])
    return tuple(_sorted_layers(waits, mesh))


def _sorted_layers(waits: dict[tuple[str, ...], set[tuple[str, ...]]], mesh: Mesh) -> Iterator[tuple[str, ...]]:
    sorter = TopologicalSorter(waits)
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda group: (mesh.workload[group[0]].edge is None, group))
        yield from ready
        sorter.done(*ready)


def _components(graph: Mapping[str, set[str]]) -> tuple[tuple[str, ...], ...]:
    """Tarjan's strongly connected components, without recursion: meshes are thousands of services deep."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []
    for root in sorted(graph):
        if root not in index:
            _visit(graph, root, (index, low), stack, found)
    return tuple(found)


def _visit(
    graph: Mapping[str, set[str]],
    root: str,
    marks: tuple[dict[str, int], dict[str, int]],
    stack: list[str],
    found: list[tuple[str, ...]],
) -> None:
    index, low = marks
    work = [(root, iter(sorted(graph[root])))]
    index[root] = low[root] = len(index)
    stack.append(root)
    while work:
        node, callees = work[-1]
        callee = next((name for name in callees if _fresh(name, node, marks, stack)), None)
        if callee is not None:
            index[callee] = low[callee] = len(index)
            stack.append(callee)
            work.append((callee, iter(sorted(graph[callee]))))
            continue
        work.pop()
        if work:
            low[work[-1][0]] = min(low[work[-1][0]], low[node])
        if low[node] == index[node]:
            cut = stack.index(node)
            found.append(tuple(sorted(stack[cut:])))
            del stack[cut:]


def _fresh(name: str, node: str, marks: tuple[dict[str, int], dict[str, int]], stack: list[str]) -> bool:
    index, low = marks
    if name not in index:
        return True
    if name in stack:
        low[node] = min(low[node], index[name])
    return False
