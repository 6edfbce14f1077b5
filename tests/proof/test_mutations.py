"""The proof is itself checked: every small wrong that changes what becomes of a request is found, and nothing else.

Whether a mutant changes behaviour is judged by another reading of the same objects, request by request: where it sees
a difference the proof must have found one, and the proof's own witness must show a difference to it.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from meshmig.adapters.reading import read_snapshot
from meshmig.commands.building import plan_snapshot
from meshmig.commands.opening import Place, open_world, require_migration
from meshmig.model.objects import Manifest, Snapshot
from meshmig.proof import journeys_end
from meshmig.proof.comparing import Class
from meshmig.proof.routing import Sides, classes_of
from tests.program import ROOT, corpus, meshmig
from tests.proof.mutants import Mutant, mutants
from tests.proof.plain_evaluator import Request, World

FOLDER = corpus()
SETS = (
    "djapp-canary",
    "eks-getting-started-canary",
    "howto-k8s-cloudmap",
    "howto-k8s-connection-pools",
    "howto-k8s-grpc-ingress-v2",
    "howto-k8s-http-ingress-v2",
    "howto-k8s-ingress-gateway",
    "howto-k8s-metrics-extension-v1",
)
SAMPLES = 300
HOSTS = 2
"""How many other hosts a destination is turned to."""


@dataclass(frozen=True)
class Case:
    """A mesh with the objects of its journey's end."""

    source: Snapshot
    target: tuple[Manifest, ...]

    def classes(self, target: tuple[Manifest, ...]) -> tuple[Class, ...]:
        """Prove these objects against the mesh."""
        return classes_of(Sides(source=self.source, target=target, answers={}))


def _case(file: str, place: Place) -> Case:
    migration, _ = require_migration(file)
    source = read_snapshot(open_world(migration, place, writes=False).cluster)
    built = plan_snapshot(migration, source)
    assert built.plan is not None
    return Case(source, journeys_end(source, built.plan))


@pytest.mark.law
def test_every_mutant_of_the_worked_shop_is_found(tmp_path) -> None:
    """All of those that change behaviour, and no false alarm."""
    _check(_case(str(ROOT / "plans" / "shop.mig"), Place(state=str(tmp_path))), "shop")


@pytest.mark.law
@pytest.mark.corpus
@pytest.mark.skipif(FOLDER is None, reason="the corpus is absent: give its folder as MESHMIG_CORPUS")
@pytest.mark.parametrize("name", SETS)
def test_every_mutant_of_a_real_mesh_is_found(name: str, tmp_path) -> None:
    """The same over real manifests."""
    assert FOLDER is not None
    made = meshmig("init", "--files", str(FOLDER / name), "-o", "site.mig", cwd=tmp_path)
    assert made.exit == 0, made.stderr
    _check(_case(str(tmp_path / "site.mig"), Place()), name)


def _check(case: Case, name: str) -> None:
    classes = case.classes(case.target)
    entries = [item for item in classes if item.is_equal]
    announced = {item.entry for item in classes if not item.is_equal}
    assert entries, "the mesh itself must be proved equal"
    before = World(case.target)
    counted: Counter[str] = Counter()
    wrong: list[str] = []
    for mutant in _mutants(case.target):
        target = tuple(mutant.after if item is mutant.before else item for item in case.target)
        after = World(target)
        unequal = [item for item in case.classes(target) if not item.is_equal and item.entry not in announced]
        seen = next((r for r in _requests(entries, mutant) if before.outcome(r) != after.outcome(r)), None)
        counted["made"] += 1
        counted["changing"] += seen is not None or bool(unequal)
        counted["found"] += bool(unequal)
        if seen is not None and not unequal:
            wrong.append(f"missed: {mutant.kind} in {mutant.before.ref}: {seen}")
        for item in unequal:
            request = _request(item)
            if before.outcome(request) == after.outcome(request):
                wrong.append(f"false alarm: {mutant.kind} in {mutant.before.ref}: {request}")
    print(f"{name}: {counted['made']} mutants, {counted['changing']} change behaviour, {counted['found']} found")

    assert not wrong, "\n".join(wrong[:10])
    assert counted["found"] == counted["changing"] > 0


def _mutants(target: tuple[Manifest, ...]) -> Iterator[Mutant]:
    services = [m for m in target if m.ref.kind == "Service" and m.spec.get("selector")]
    hosts = [f"{m.ref.name}.{m.ref.namespace}.svc.cluster.local" for m in services]
    chooser = random.Random(7)
    for manifest in target:
        if manifest.ref.kind == "VirtualService" and manifest.ref.group == "networking.istio.io":
            yield from mutants(manifest, chooser.sample(hosts, min(HOSTS, len(hosts))))


def _request(item: Class) -> Request:
    entry, request = item.entry, item.request or {}
    named = [(name, value) for name, value in request.items() if value is not None]
    return Request(
        authority=request.get("authority") or entry.host or "a",
        port=entry.port,
        path=request.get("path") or "/",
        method=request.get("method") or "GET",
        headers=tuple((name[7:], value) for name, value in named if name.startswith("header ")),
        query=tuple((name[6:], value) for name, value in named if name.startswith("query ")),
        gateway=_gateway(item),
        namespace=entry.client,
    )


def _gateway(item: Class) -> str:
    gateways = [c.ref for c in item.causes_after if c.ref.kind == "VirtualService"] if item.entry.gateway else []
    return f"{item.entry.client}-edge" if item.entry.gateway or gateways else ""


def _requests(entries: list[Class], mutant: Mutant) -> Iterator[Request]:
    """Requests around every text of the object and its mutant, at every entry."""
    words = _words(mutant.before) | _words(mutant.after)
    paths = sorted({variant for text in words["uri"] | {"/"} for variant in _around(text) if variant.startswith("/")})
    chooser = random.Random(f"{mutant.kind} {mutant.before.ref}")
    places = sorted({_request(item) for item in entries}, key=str)
    for place in places:
        for _ in range(SAMPLES // len(places) + 1):
            yield Request(
                authority=chooser.choice([*sorted(words["authority"]), "a", "other.example"])
                if place.gateway
                else place.authority,
                port=place.port,
                path=chooser.choice(paths),
                method=chooser.choice([*sorted(words["method"]), "GET", "POST"]),
                headers=_some(chooser, words["headers"] | words["withoutHeaders"]),
                query=_some(chooser, words["queryParams"]),
                gateway=place.gateway,
                namespace=place.namespace,
            )
        yield place


class _Words(dict[str, set]):
    def __missing__(self, key: str) -> set:
        return self.setdefault(key, set())

    def __or__(self, other):
        return _Words({key: self[key] | other[key] for key in {*self, *other}})


def _words(manifest: Manifest) -> _Words:
    found = _Words()
    for rule in manifest.spec.get("http") or ():
        for match in rule.get("match") or ():
            for key, value in match.items():
                if key in ("headers", "withoutHeaders", "queryParams"):
                    found[key] |= {(name, text) for name, m in value.items() for text in (m or {"": "x"}).values()}
                elif isinstance(value, dict):
                    found[key] |= set(value.values())
    found["authority"] |= {host.lstrip("*.") for host in manifest.spec.get("hosts") or () if host != "*"}
    return found


def _around(text: str) -> tuple[str, ...]:
    plain = text.split("[", maxsplit=1)[0].split("(", maxsplit=1)[0].split(".*", maxsplit=1)[0]
    return (
        plain,
        f"{plain}x",
        f"{plain.rstrip('/')}/x",
        f"{plain.rstrip('/')}/",
        plain.rstrip("/") or "/",
        plain[:-1] or "/",
    )


def _some(chooser: random.Random, named: set[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    found = {}
    for name, text in sorted(named):
        kind = chooser.randrange(5)
        if kind:
            found[name] = (text, f"{text}x", f"x{text}", "5")[kind - 1]
    return tuple(sorted(found.items()))
