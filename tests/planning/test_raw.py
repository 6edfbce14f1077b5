"""`raw istio`: manifests of the file's own, written at the install, marked in the plan, taken back like any other."""

import pytest

from meshmig.execution.decide import Scope
from meshmig.model.objects import ObjectRef
from meshmig.ports import NotFoundError
from tests.planning.shops import shop

BLOCK = """raw istio {
  apiVersion: networking.istio.io/v1
  kind: ServiceEntry
  metadata: {name: pay, namespace: shop}
  spec:
    hosts: [pay.example]
    ports: [{number: 443, name: tls, protocol: TLS}]
    resolution: DNS
}
"""
REF = ObjectRef("networking.istio.io/v1", "ServiceEntry", "shop", "pay")


def test_it_is_written_at_the_install_and_taken_back(tmp_path) -> None:
    """With meshmig's label, since it is meshmig's now; the plan says where it stands in the file."""
    planned = shop(tmp_path, BLOCK)
    (step,) = planned.steps("raw ServiceEntry")
    planned.run(Scope(stage=1))
    live = planned.world.cluster.get(REF)
    planned.run(Scope(stage=1, undo=True))

    assert planned.errors == []
    assert planned.plan.terms.raw == (REF,)
    assert step.note.startswith("as it stands in the file: raw istio, line ")
    assert (live.spec["hosts"], live.labels["app.kubernetes.io/managed-by"]) == (["pay.example"], "meshmig")
    with pytest.raises(NotFoundError):
        planned.world.cluster.get(REF)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("kind: ServiceEntry", "kind: ConfigMap"), "is no kind of Istio's"),
        (("networking.istio.io/v1", "security.istio.io/v1"), "is no kind of Istio's"),
        ((", namespace: shop", ""), "it names no namespace"),
        (("resolution: DNS", "resolutoin: DNS"), "`spec.resolutoin` is no field of a ServiceEntry"),
        (("hosts: [pay.example]", "hosts: pay.example"), "`spec.hosts` is a list, not a text"),
        (("  spec:", "  spec: 1\n  status:"), "no API server would take it"),
        (("apiVersion: networking.istio.io/v1\n", "\n"), "is no Kubernetes object"),
        (("hosts: [pay.example]", "hosts: [pay.example"), "cannot be read as YAML"),
    ],
)
def test_what_is_not_istios_is_refused(tmp_path, change, said: str) -> None:
    """Nothing of the block is left out without a word."""
    planned = shop(tmp_path, BLOCK.replace(*change))

    assert "MIG422" in planned.errors
    assert any(said in message for message in planned.found("MIG422"))


def test_a_broken_line_is_found_where_it_stands_in_the_file(tmp_path) -> None:
    """Not where it would stand in a file of its own."""
    planned = shop(tmp_path, BLOCK.replace("hosts: [pay.example]", "hosts: {[}"))
    finding = next(found for found in planned.built.findings if found.code == "MIG422")
    assert finding.span is not None
    lines = (tmp_path / "shop.mig").read_text().splitlines()

    assert "hosts: {[}" in lines[finding.span.line - 1]


def test_what_meshmig_makes_itself_is_not_written_twice(tmp_path) -> None:
    """Two hands on one object would undo each other."""
    block = BLOCK.replace("ServiceEntry", "VirtualService").replace("name: pay", "name: cart")
    block = block.replace("    ports: [{number: 443, name: tls, protocol: TLS}]\n    resolution: DNS\n", "")

    assert "MIG423" in shop(tmp_path, block).errors


def test_a_block_that_no_stage_writes_is_told(tmp_path) -> None:
    """Raw manifests are written where `install istio` stands."""
    planned = shop(tmp_path, BLOCK, change=("protect  install istio", "protect"))

    assert "no stage holds it" in planned.found("MIG423")[0]
