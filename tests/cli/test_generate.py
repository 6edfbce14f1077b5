"""`meshmig generate`: Istio's objects and its installation, as text or as files, whole or not at all."""

import pytest
import yaml

from tests.program import ROOT, example, meshmig


@pytest.fixture
def shop(tmp_path):
    return example("shop", tmp_path).parent


def documents(text: str) -> list[dict]:
    return [document for document in yaml.safe_load_all(text) if document]


def test_networking_on_stdout_says_what_each_object_came_from(shop) -> None:
    """Multi-document YAML, sorted, every object with its origin."""
    ran = meshmig("generate", "networking", "shop.mig", cwd=shop)
    found = documents(ran.stdout)

    assert ran.exit == 0, ran.stderr
    assert {"VirtualService", "DestinationRule", "Gateway", "PeerAuthentication"} <= {body["kind"] for body in found}
    assert all(body["metadata"]["annotations"]["meshmig.io/origin"] for body in found)


def test_networking_as_a_folder_is_what_kustomize_takes(shop) -> None:
    """One file an object, a kustomization over all of them, and nothing else but the Services' ports."""
    ran = meshmig("generate", "networking", "shop.mig", "-o", "out", cwd=shop)
    names = {path.name for path in (shop / "out").iterdir()}
    (listed,) = documents((shop / "out" / "kustomization.yaml").read_text())

    assert ran.exit == 0, ran.stderr
    assert set(listed["resources"]) == names - {"kustomization.yaml", "services.yaml"}
    assert [len(documents((shop / "out" / name).read_text())) for name in listed["resources"]] == [1] * (len(names) - 2)


def test_existing_files_are_not_replaced_unless_forced(shop) -> None:
    """Refused before the first byte is written; with --force, replaced."""
    (shop / "out").mkdir()
    (shop / "out" / "istiod.yaml").write_text("mine")
    refused = meshmig("generate", "iop", "shop.mig", "-o", "out", "--json", cwd=shop)
    left = sorted(path.name for path in (shop / "out").iterdir())
    forced = meshmig("generate", "iop", "shop.mig", "-o", "out", "--force", cwd=shop)

    assert (refused.exit, refused.codes, left) == (1, ["MIG603"], ["istiod.yaml"])
    assert (forced.exit, (shop / "out" / "istiod.yaml").read_text() != "mine") == (0, True)


def test_the_envelope_holds_files_and_objects(shop) -> None:
    """For machines: the same text, file by file, and the objects as JSON."""
    ran = meshmig("generate", "networking", "shop.mig", "--json", cwd=shop)

    assert (ran.exit, ran.outcome, ran.data["directory"]) == (0, "ok", "")
    assert documents(ran.data["text"]) == ran.data["objects"]
    assert {entry["name"] for entry in ran.data["files"]} >= {"kustomization.yaml"}


def test_bytes_are_stable_under_any_hash_seed(shop) -> None:
    """The same input, the same bytes."""
    for words in (("networking",), ("iop",), ("iop", "--form", "operator")):
        one, other = (
            meshmig("generate", *words, "shop.mig", cwd=shop, env={"PYTHONHASHSEED": seed}).stdout
            for seed in ("1", "7")
        )
        assert one == other != ""


def test_values_say_what_they_came_from(shop) -> None:
    """A comment stands above every value, and the YAML under the comments is whole."""
    text = meshmig("generate", "iop", "shop.mig", cwd=shop).stdout
    base, istiod = documents(text)
    leaves = [line for line in text.splitlines() if line.endswith(": ALLOW_ANY")]

    assert base == {"defaultRevision": "default"}
    assert istiod["global"]["proxy"]["resources"]["requests"] == {"cpu": "50m", "memory": "96Mi"}
    assert text.splitlines()[text.splitlines().index(leaves[0]) - 1].lstrip().startswith("# ")


def test_both_forms_mean_the_same(shop) -> None:
    """Every Helm value of istiod stands in the operator file too, where that has it."""
    _, helm = documents(meshmig("generate", "iop", "shop.mig", cwd=shop).stdout)
    (operator,) = documents(meshmig("generate", "iop", "shop.mig", "--form", "operator", cwd=shop).stdout)
    spec = operator["spec"]

    assert (operator["apiVersion"], operator["kind"]) == ("install.istio.io/v1alpha1", "IstioOperator")
    assert spec["meshConfig"] == helm["meshConfig"]
    assert spec["values"] == {name: value for name, value in helm.items() if name != "meshConfig"}


def test_a_mesh_that_cannot_be_translated_is_refused(shop) -> None:
    """The finding names the object; nothing is written."""
    manifest = shop / "shop" / "30-catalog.yaml"
    text = manifest.read_text()
    assert "awsName: catalog.shop.svc.cluster.local" in text or "VirtualService" in text
    broken = {
        "apiVersion": "appmesh.k8s.aws/v1beta2",
        "kind": "VirtualService",
        "metadata": {"name": "under", "namespace": "shop"},
        "spec": {"awsName": "a_b.shop", "provider": {"virtualNode": {"virtualNodeRef": {"name": "cart"}}}},
    }
    manifest.write_text(text + "\n---\n" + yaml.safe_dump(broken))

    ran = meshmig("generate", "networking", "shop.mig", "-o", "out", "--json", cwd=shop)

    assert (ran.exit, set(ran.codes)) == (1, {"MIG361"})
    assert not (shop / "out").exists()


def test_rules_that_cannot_be_joined_are_left_out_only_where_a_person_says_so(tmp_path) -> None:
    """A gateway's regex before a router's: refused; allowed with a reason, the pair's requests are answered 404."""
    golden = ROOT / "tests" / "targets" / "golden"
    (tmp_path / "mesh").mkdir()
    common = (golden / "common.yaml").read_text().split("---\n")
    (tmp_path / "mesh" / "common.yaml").write_text("---\n".join(d for d in common if "kind: VirtualRouter" not in d))
    case = (golden / "gateway-regex-refused" / "appmesh.yaml").read_text()
    (tmp_path / "mesh" / "case.yaml").write_text(case)
    assert meshmig("init", "--files", "mesh", "-o", "site.mig", cwd=tmp_path).exit == 0
    refused = meshmig("plan", "site.mig", "--json", cwd=tmp_path)
    text = (tmp_path / "site.mig").read_text() + '\nallow MIG350 because "nobody calls it"\n'
    (tmp_path / "site.mig").write_text(text)

    planned = meshmig("plan", "site.mig", "--json", cwd=tmp_path)
    proved = meshmig("verify", "site.mig", "--json", cwd=tmp_path)
    made = meshmig("generate", "networking", "site.mig", "--json", cwd=tmp_path)

    assert (refused.exit, refused.codes) == (1, ["MIG350"])
    assert (planned.exit, proved.exit, made.exit) == (0, 0, 0), planned.stdout
    assert proved.data["classes"]["unannounced"] == 0
