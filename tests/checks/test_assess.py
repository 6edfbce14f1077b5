"""The table of alternatives: whole, sourced, and read by the fields that a mesh really uses."""

import pytest

from meshmig.checks.alternatives import ALTERNATIVES, FEATURES
from meshmig.checks.features import ANNOTATIONS as FEATURE_OF_ANNOTATION
from meshmig.checks.features import FLAGS as FLAG_FEATURES
from meshmig.checks.features import HIDDEN, NO_FEATURE, PROTOCOLS, feature_of, uses
from meshmig.model.fit import Use, Verdict
from meshmig.sources.appmesh.annotations import ANNOTATIONS_PATH, PREFIX
from meshmig.sources.appmesh.fates import ANNOTATIONS, FATES, FLAGS
from meshmig.sources.appmesh.ledger import UNSET
from tests.sources import builders as make

PATHS = [(kind, path) for kind, rows in FATES.items() for path in rows]


def used(bodies) -> dict[str, Use]:
    found = make.lifted(make.shop(*bodies))
    assert found.mesh is not None
    return {use.feature: use for use in uses(found.ledger)}


def verdicts(use: Use) -> dict[str, Verdict]:
    return {alternative.id: fit.verdict for alternative, fit in zip(ALTERNATIVES, use.fits, strict=True)}


@pytest.mark.parametrize(("kind", "path"), PATHS, ids=[f"{kind} {path}" for kind, path in PATHS])
def test_every_field_of_app_mesh_belongs_to_a_feature(kind: str, path: str) -> None:
    """A new field of the schema stays red here until somebody says what the alternatives make of it."""
    feature = feature_of(path)

    assert feature is not None, f"{kind} {path} needs a pattern in features.PATHS"
    assert feature == NO_FEATURE or feature in FEATURES


@pytest.mark.parametrize("name", FLAGS)
def test_every_flag_of_the_controller_belongs_to_a_feature(name: str) -> None:
    """So do the controller's flags, or it is said that they make no difference."""
    feature = feature_of(f"spec.template.spec.containers[].args[--{name}]", "true")

    assert feature == NO_FEATURE or feature in FEATURES


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_every_annotation_belongs_to_a_feature(name: str) -> None:
    """So do the annotations of pods."""
    feature = feature_of(f"{ANNOTATIONS_PATH}[{PREFIX}{name}]")

    assert feature == NO_FEATURE or feature in FEATURES


def test_every_row_of_the_table_can_be_met() -> None:
    """No row for a feature that nothing leads to."""
    met = {feature_of(path) for _, path in PATHS} | set(PROTOCOLS.values()) | set(FEATURE_OF_ANNOTATION.values())

    met |= {feature for _, feature in (*HIDDEN, *FLAG_FEATURES)}

    assert FEATURES.keys() <= met


@pytest.mark.parametrize("feature", FEATURES)
def test_every_statement_has_its_source_and_its_reason(feature: str) -> None:
    """One statement an alternative (Istio's sidecars have the ledger); a page; a note unless it just keeps it."""
    _, *fits = FEATURES[feature]

    assert len(fits) == len(ALTERNATIVES) - 1
    assert all(fit.source.startswith("https://") for fit in fits)
    assert all(fit.note or fit.verdict is Verdict.KEEPS for fit in fits)


def test_hidden_behaviour_counts_as_used() -> None:
    """The 15 s and the retries that nobody wrote are features too: leaving them behind is felt."""
    found = used([*make.app("front"), make.virtual_service("front", make.by_node("front"))])

    assert {"timeout", "default_retries", "egress"} <= found.keys()
    assert verdicts(found["default_retries"])["vpc_lattice"] is Verdict.LOSES
    assert verdicts(found["timeout"])["gateway_api"] is Verdict.KEEPS


def test_the_forms_of_a_header_are_told_apart() -> None:
    """A range is no exact value: Lattice knows the one and not the other."""
    exact = {"prefix": "/", "headers": [{"name": "v", "match": {"exact": "1"}}]}
    ranged = {"prefix": "/", "headers": [{"name": "v", "match": {"range": {"start": 1, "end": 9}}}]}

    assert verdicts(_routed(exact)["header"])["vpc_lattice"] is Verdict.DIFFERS
    assert "header_forms" not in _routed(exact)
    assert verdicts(_routed(ranged)["header_forms"])["vpc_lattice"] is Verdict.LOSES


def _routed(match) -> dict[str, Use]:
    route = make.http_route("one", make.target("front"), match=match)
    service = make.virtual_service("front", make.by_router("front"))
    return used([*make.app("front"), make.router("front", route), service])


def test_protocols_are_told_apart_by_their_value() -> None:
    """TCP is what Lattice does not carry."""
    found = used(make.app("db", listeners=[make.listener(5432, "tcp")]))

    assert verdicts(found["tcp"])["vpc_lattice"] is Verdict.LOSES
    assert "http" not in found


def test_a_switch_that_says_no_uses_nothing() -> None:
    """TLS disabled is no TLS."""
    found = used(make.app("front", listeners=[make.listener(tls={"mode": "DISABLED"})]))

    assert "tls" not in found


def test_istio_with_sidecars_is_judged_by_the_ledger() -> None:
    """The worst fate among a feature's fields is the verdict."""
    certificate = {"acm": {"certificateARN": "arn:aws:acm:x"}}
    found = used(make.app("front", listeners=[make.listener(tls={"mode": "STRICT", "certificate": certificate})]))

    assert verdicts(found["tls_sources"])["istio_sidecar"] is Verdict.LOSES
    assert [str(ref) for ref in found["tls_sources"].objects] == ["VirtualNode shop/front"]


def test_every_hidden_default_belongs_to_a_feature() -> None:
    """What acts without being written has its row too, or is said to make no difference."""
    bodies = [
        *make.app("front", backends=[make.backend("back")]),
        make.virtual_service("front", make.by_router("front")),
        make.router("front", make.http_route("one", make.target("front"))),
        make.virtual_service("back", make.by_node("front"), awsName="back.shop.svc.cluster.local"),
        *make.gateway("edge"),
        make.gateway_route("all", "front"),
    ]
    hidden = [row for row in make.lifted(make.shop(*bodies)).ledger.rows if row.value.startswith(UNSET)]

    assert len(hidden) > 10
    assert [row.path for row in hidden if feature_of(row.path, row.value) is None] == []
