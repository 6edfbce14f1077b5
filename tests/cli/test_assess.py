"""`meshmig assess` as a person and a pipeline meet it."""

from tests.program import example, meshmig


def test_a_folder_is_enough(tmp_path) -> None:
    """No `.mig` file is needed to ask which way to go."""
    example("shop", tmp_path)
    by_folder = meshmig("assess", "--files", "shop", cwd=tmp_path)
    by_file = meshmig("assess", "shop.mig", cwd=tmp_path)

    assert by_folder.exit == by_file.exit == 0
    assert by_folder.stdout == by_file.stdout
    assert "ECS Service Connect: asks every workload leaves Kubernetes" in by_folder.stdout
    assert all(len(line) <= 100 for line in by_folder.stdout.splitlines())


def test_the_document_counts_and_cites(tmp_path) -> None:
    """Counts add up for every alternative; every statement names its page; every feature its objects."""
    example("shop", tmp_path)
    data = meshmig("assess", "--json", cwd=tmp_path).data

    assert [alternative["id"] for alternative in data["alternatives"]][-1] == "istio_sidecar"
    for alternative in data["alternatives"]:
        assert sum(alternative["counts"].values()) == len(data["features"])
    for feature in data["features"]:
        assert feature["objects"]
        assert len(feature["fits"]) == len(data["alternatives"])
    weights = next(feature for feature in data["features"] if feature["feature"] == "weights")
    assert weights["fits"]["vpc_lattice"]["verdict"] == "keeps"
    assert weights["fits"]["ecs_service_connect"]["source"].startswith("https://aws.amazon.com/")


def test_a_mesh_that_istio_refuses_is_assessed_all_the_same(tmp_path) -> None:
    """What cannot be translated is a verdict, not the end."""
    example("shop", tmp_path)
    mesh = tmp_path / "shop" / "00-mesh.yaml"
    mesh.write_text(
        mesh.read_text().replace(
            "spec:\n  namespaceSelector", 'spec:\n  meshOwner: "123456789012"\n  namespaceSelector'
        )
    )
    ran = meshmig("assess", "--files", "shop", "--json", cwd=tmp_path)
    outside = next(feature for feature in ran.data["features"] if feature["feature"] == "outside")

    assert ran.exit == 0
    assert outside["fits"]["istio_sidecar"]["verdict"] == "loses"


def test_a_folder_without_a_mesh_is_refused(tmp_path) -> None:
    """There is nothing to assess, and that is said."""
    (tmp_path / "empty").mkdir()
    ran = meshmig("assess", "--files", "empty", "--json", cwd=tmp_path)

    assert (ran.exit, ran.codes) == (1, ["MIG301"])
