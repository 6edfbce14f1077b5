"""`meshmig precheck` as a person and a pipeline meet it."""

import json

from tests.checks.firing import certs, config_dump
from tests.program import example, meshmig


def test_a_folder_is_looked_at_and_what_is_missing_is_said(tmp_path) -> None:
    """Findings, what is clear, and what was not looked at, in one text; nothing is written beside the file."""
    example("shop", tmp_path)
    before = sorted(tmp_path.iterdir())
    ran = meshmig("precheck", cwd=tmp_path)

    assert (ran.exit, ran.stderr) == (0, "")
    assert "P28 " in ran.stdout
    assert "clear: " in ran.stdout
    assert "needs a dump of a pod of shop/cart and 5 more (-v): config_dump" in ran.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_the_document_counts_every_check(tmp_path) -> None:
    """`--json`: each check once, with its state and evidence; the envelope's findings are the same ones."""
    example("stranded", tmp_path)
    ran = meshmig("precheck", "--json", cwd=tmp_path)
    counts, checks = ran.data["counts"], ran.data["checks"]

    assert ran.outcome == "ok"
    assert counts["checks"] == len(checks) == counts["looked_at"] + counts["not_looked_at"]
    assert {check["code"] for check in checks if check["state"] == "fired"} == {
        finding["code"] for finding in ran.document["findings"]
    }
    scaling = next(check for check in checks if check["code"] == "P29")
    assert scaling["findings"][0]["object"]["kind"] == "HorizontalPodAutoscaler"
    assert all(finding["help"] and finding["evidence"] for finding in scaling["findings"])


def test_a_stop_is_exit_1_and_an_allow_lets_it_pass(tmp_path) -> None:
    """An error refuses; accepted in the file it is information that shows the reason."""
    file = example("shop", tmp_path)
    label = "  labels:\n    istio-injection: disabled\n"
    manifests = tmp_path / "shop" / "00-mesh.yaml"
    manifests.write_text(manifests.read_text().replace("  labels:\n", label, 1))
    refused = meshmig("precheck", "--json", cwd=tmp_path)
    file.write_text(file.read_text() + '\nallow P27 because "the label goes on Monday"\n')
    accepted = meshmig("precheck", "--json", cwd=tmp_path)
    planned = meshmig("plan", "--json", cwd=tmp_path)

    assert (refused.exit, refused.codes) == (1, ["P27"])
    assert accepted.exit == 0
    told = [finding for finding in accepted.document["findings"] if finding["code"] == "P27"]
    assert {(one["severity"], one["help"]) for one in told} == {("info", "accepted: the label goes on Monday")}
    assert "MIG416" not in [finding["code"] for finding in planned.document["findings"]]


def test_an_allow_of_nothing_is_told(tmp_path) -> None:
    """Dead acceptances do not collect in files."""
    file = example("shop", tmp_path)
    file.write_text(file.read_text() + '\nallow P08 because "long ago"\n')
    ran = meshmig("precheck", "--json", cwd=tmp_path)

    assert "MIG754" in [finding["code"] for finding in ran.document["findings"]]


def test_dumps_close_gaps_and_show_what_expires(tmp_path) -> None:
    """Files named by pod, one or several a pod; a stranger and a file of something else are told."""
    example("vault", tmp_path)
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    vault = config_dump(retry_on="connect-failure,reset").replace(
        "shop/virtualNode/front_shop", "vault/virtualNode/keys_vault"
    )
    (dumps / "keys-7d4-abcde.config_dump.json").write_text(vault)
    (dumps / "keys-7d4-abcde.certs.json").write_text(certs(12))
    (dumps / "stranger-1.certs.json").write_text(certs(200))
    (dumps / "notes.txt").write_text("nothing of Envoy's")
    ran = meshmig("precheck", "--dump", "dumps", "--json", cwd=tmp_path)
    checks = {check["code"]: check for check in ran.data["checks"]}

    assert {"MIG752", "MIG753"} <= {finding["code"] for finding in ran.document["findings"]}
    assert checks["P49"]["findings"][0]["evidence"].startswith("12 days left")
    assert not [gap for gap in checks["P11"]["gaps"] if "vault/keys" in gap["reason"]]


def test_no_folder_of_dumps_is_refused(tmp_path) -> None:
    """The folder is named."""
    example("shop", tmp_path)
    ran = meshmig("precheck", "--dump", "nowhere", "--json", cwd=tmp_path)

    assert (ran.exit, ran.codes) == (1, ["MIG751"])


def test_reviewing_machines_get_their_forms(tmp_path) -> None:
    """SARIF with one rule a code, GitHub's commands one a finding."""
    example("stranded", tmp_path)
    sarif = json.loads(meshmig("precheck", "--format", "sarif", cwd=tmp_path).stdout)
    github = meshmig("precheck", "--format", "github", cwd=tmp_path).stdout

    assert "P29" in {rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]}
    assert github.count("P29::") == len([r for r in sarif["runs"][0]["results"] if r["ruleId"] == "P29"])


def test_the_same_input_gives_the_same_bytes(tmp_path) -> None:
    """Under any hash seed."""
    example("shop", tmp_path)
    texts = {meshmig("precheck", "-v", cwd=tmp_path, env={"PYTHONHASHSEED": seed}).stdout for seed in ("1", "77")}

    assert len(texts) == 1


def test_a_begun_run_is_looked_at_where_it_stands(tmp_path) -> None:
    """Once the embedded cluster runs, its pods, webhooks and conditions are looked at, not the folder."""
    example("shop", tmp_path)
    meshmig("apply", "--stage", "1", "--yes", "--json", cwd=tmp_path)
    ran = meshmig("precheck", "--json", cwd=tmp_path)
    states = {check["code"]: check["state"] for check in ran.data["checks"]}

    assert {states[code] for code in ("P05", "P08", "P10", "P12")} == {"clear"}
    assert ran.exit == 0
