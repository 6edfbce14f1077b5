"""A right file becomes the migration it says; an odd one becomes findings, never an exception."""

import pytest

from meshmig.language import format_text
from meshmig.model import intent
from meshmig.model.units import Duration, Percent
from tests.language.reading import GOOD, HEADER, PLANS, codes, load_file, load_text, meaning, rendered

WHOLE = load_file("good/whole.mig")


@pytest.fixture
def whole() -> intent.Migration:
    """The design's whole file."""
    assert WHOLE.migration is not None, rendered(WHOLE)
    return WHOLE.migration


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_a_good_file_has_no_findings(file) -> None:
    """Golden files load without a word."""
    loaded = load_file(f"good/{file.name}")

    assert rendered(loaded) == ""
    assert loaded.migration is not None


@pytest.mark.parametrize("file", PLANS, ids=lambda path: path.stem)
def test_the_worked_plans_are_right(file) -> None:
    """Every plan that the project shows loads without findings."""
    folder = file.parent
    loaded = load_text(file.read_bytes(), {path.name: path.read_text() for path in folder.glob("*.mig")})

    assert rendered(loaded) == ""


def test_the_migration_block(whole) -> None:
    """Cluster, mesh, target, metrics and documentation, as typed values."""
    assert (whole.name, whole.mesh, whole.file) == ("shop", "shop", "good/whole.mig")
    assert (whole.cluster.kind, whole.cluster.value) == (intent.ClusterKind.CONTEXT, "prod-eu")
    assert (whole.target.revision, whole.target.mtls_strict, whole.target.egress_declared) == ("stable", True, True)
    assert whole.metrics is not None
    assert (whole.metrics.url, whole.metrics.scrape) == ("http://prometheus.monitoring:9090", Duration.of(seconds=15))
    assert whole.doc == "Shop: App Mesh to Istio, one tier at a time."


def test_a_gate(whole) -> None:
    """Relative and absolute requirements, and the evidence that each decision needs."""
    gate = whole.gate("healthy")
    errors, slow, success = gate.requirements

    assert isinstance(errors, intent.RelativeRequirement)
    assert (errors.ratio, errors.slack, errors.threshold) == (1.25, Percent(500), None)
    assert isinstance(slow, intent.RelativeRequirement)
    assert slow.threshold == Duration(250)
    assert isinstance(success, intent.AbsoluteRequirement)
    assert (success.bound, success.at_least, success.window) == (Percent(980_000), True, Duration.of(minutes=5))
    assert (gate.advance_after, gate.finish_within) == (500, Duration.of(hours=2))
    assert (gate.no_data_wait, gate.on_failure) == (Duration.of(minutes=20), intent.OnFailure.ROLLBACK)


def test_a_profile_and_its_overrides(whole) -> None:
    """`with` changes what it names, and nothing else."""
    move = whole.stages[1].actions[0]
    (gentle,) = whole.profiles

    assert (gentle.steps, gentle.gate, gentle.keep) == ((1, 5, 25, 50, 100), "healthy", Duration.of(hours=24))
    assert [(a.percent, a.team) for a in gentle.approvals] == [(50, "team-shop")]
    assert isinstance(move, intent.Move)
    assert (gentle.bake, move.profile.bake) == (Duration.of(minutes=10), Duration.of(minutes=20))
    assert move.profile.steps == gentle.steps


def test_a_group(whole) -> None:
    """A selection keeps the group's name, patterns, exceptions, conditions and expectation."""
    move = whole.stages[2].actions[0]

    assert isinstance(move, intent.Move)
    assert move.selection.group == "read_path"
    assert [pattern.text for pattern in move.selection.patterns] == ["shop/catalog", "shop/detail-*"]
    assert [pattern.text for pattern in move.selection.excepts] == ["shop/detail-legacy"]
    assert move.selection.expect == (2, 6)
    assert [(c.key, c.value, c.equal) for c in move.selection.conditions] == [("tier", "web", True), ("x", "y", False)]


def test_waves(whole) -> None:
    """Limits and the pause between waves."""
    (waves,) = whole.stages[3].actions

    assert isinstance(waves, intent.Waves)
    assert (waves.selection.rest, waves.at_most, waves.at_once) == (True, 20, 4)
    assert (waves.between_wait, waves.between_gate) == (Duration.of(hours=1), "healthy")


def test_stages_keep_the_order_written(whole) -> None:
    """Numbers, titles and actions in their order."""
    assert [(stage.number, stage.title) for stage in whole.stages][:2] == [(1, "ground"), (2, "edge")]
    assert [type(action) for action in whole.stages[4].actions] == [
        intent.Wait,
        intent.Enforce,
        intent.RetireAppMesh,
        intent.Approve,
    ]


def test_decisions(whole) -> None:
    """Accepted findings and answered questions."""
    assert [(allow.code, allow.because) for allow in whole.allows] == [("MIG412", "the nightly job may fail once")]
    assert [(answer.id, answer.choice) for answer in whole.answers] == [("retry.shop/orders", "carry")]


def test_places_point_into_the_file(whole) -> None:
    """Every part knows the line that says it."""
    span = whole.stages[1].actions[0].span
    line = WHOLE.sources["good/whole.mig"].split("\n")[span.line - 1]

    assert line[span.column - 1 : span.end_column - 1] == "move shop/ingress using gentle with { bake 20m }"


def test_used_files_bring_gates_with_their_documentation() -> None:
    """Names resolve over all files, used ones first."""
    loaded = load_file("good/whole.mig")

    assert loaded.migration is not None
    assert next((gate.name, gate.doc) for gate in loaded.migration.gates) == (
        "steady",
        "Judged by readiness and errors alone.",
    )
    assert sorted(loaded.sources) == ["good/whole.mig", "used/steady.mig"]


def test_a_file_that_is_used_twice_is_read_once() -> None:
    """Two ways to one file are no double definition."""
    used = {
        "a.mig": 'mig 1\nuse "c.mig"\n',
        "b.mig": 'mig 1\nuse "./c.mig"\n',
        "c.mig": "mig 1\nprofile p { bake 1m }\n",
    }
    loaded = load_text(
        f'{HEADER}use "a.mig"\nuse "b.mig"\nstage 1 "x" {{ move a/b using p }}\n'.replace("mig 1\n", "mig 1\n", 1), used
    )

    assert rendered(loaded) == ""


def test_shared_files_alone_are_right() -> None:
    """A file without a migration holds gates, profiles and groups: no findings, and no migration."""
    loaded = load_text("mig 1\n\ngate healthy {\n  require errors <= 1% over 5m\n}\n")

    assert (loaded.migration, loaded.findings) == (None, ())


def test_the_fingerprint_ignores_comments_and_layout() -> None:
    """Only words count, those of used files included."""
    used = {"g.mig": "mig 1\nprofile p { bake 1m }\n"}
    text = f'{HEADER}\nuse "g.mig"\nstage 1 "x" {{ move a/b using p }}\n'
    prints = [
        _fingerprint(text, used),
        _fingerprint(f"# said\n{text}".replace("  ", " # beside\n "), used),
        _fingerprint(text, {"g.mig": "mig 1 # other\nprofile p {\n bake 1m }"}),
    ]
    others = [
        _fingerprint(text.replace('"x"', '"y"'), used),
        _fingerprint(text, {"g.mig": "mig 1\nprofile p { bake 2m }"}),
    ]

    assert len(set(prints)) == 1
    assert len({*prints, *others}) == 3


def _fingerprint(text: str, used: dict[str, str]) -> str:
    migration = load_text(text, used).migration
    assert migration is not None
    return migration.fingerprint


def test_a_reserved_word_may_be_a_name() -> None:
    """Words are reserved only where they may stand."""
    loaded = load_text(
        "mig 1\ngate check { require errors <= 1% over 5m }\nprofile keep { check check }\n"
        'migration move { cluster in-cluster from appmesh "x" to istio metrics prometheus "http://p" }\n'
        'stage 1 "x" { move a/b using keep }\nanswer outlier_detection = keep\n'
    )

    assert rendered(loaded) == ""
    assert loaded.migration is not None
    assert loaded.migration.answers[0].choice == "keep"


def test_line_ends_tabs_and_a_byte_order_mark_change_nothing() -> None:
    """Editors of any system may save the file."""
    text = f'{HEADER}stage 1 "x" {{ protect }}\n'
    windows = load_text(b"\xef\xbb\xbf" + text.replace("  ", "\t").replace("\n", "\r\n").encode())
    plain = load_text(text)

    assert windows.migration is not None
    assert plain.migration is not None
    assert meaning(windows.migration) == meaning(plain.migration)
    assert windows.migration.fingerprint == plain.migration.fingerprint


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"mig 1\n\0", "MIG102"),
        (b"\x7fELF\x02\x01\x01\0\0", "MIG102"),
        (b"mig 1\ngate \xff {", "MIG102"),
        (b"mig 1\n# a lone surrogate \xed\xa0\x80", "MIG102"),
        ("mig 1\n".encode("utf-16"), "MIG102"),
        (b"mig 1\n" + b"#" * 10_000_000, "MIG103"),
    ],
)
def test_what_is_no_text_is_refused_with_one_line(data: bytes, code: str) -> None:
    """Binary and huge files get one finding, by `check` and by `fmt`."""
    assert codes(load_text(data)) == [code]
    assert [finding.code for finding in format_text(data, "site.mig").findings] == [code]


def test_a_file_that_cannot_be_read_is_a_finding() -> None:
    """Whatever the system says about it."""

    def read(path: str) -> bytes:
        raise PermissionError(13, "Permission denied", path)

    from meshmig.language import load

    loaded = load("site.mig", read)

    assert codes(loaded) == ["MIG101"]
    assert "Permission denied" in loaded.findings[0].message


def test_garbage_is_not_read_to_its_end() -> None:
    """After fifty mistakes the rest is left alone, and that is said."""
    loaded = load_text("mig 1\n" + "gate {\n" * 500)

    assert len(loaded.findings) <= 51
    assert codes(load_text("mig 1\n" + "zzz 1 2 3\n" * 500))[-1] == "MIG116"


def test_a_broken_file_says_nothing_about_names_it_may_define() -> None:
    """A definition that could not be read is the one cause."""
    used = {"g.mig": "mig 1\ngate healthy { requir }\n"}
    broken = load_text('mig 1\nuse "g.mig"\nprofile p { check healthy }\n', used)

    assert [finding.span.file for finding in broken.findings if finding.span] == ["g.mig"]


PARAMS = """mig 1
param pace in [10m, 20m] = 10m
param region in ["eu", "us"] = "eu"
migration shop { cluster context region from appmesh "shop" to istio metrics prometheus "http://p" }
gate g { require errors <= 1% over pace }
profile p { bake pace check g }
stage 1 "x" { move a/b using p }
"""


def test_a_param_stands_for_its_value() -> None:
    """By its name, wherever such a literal may stand; what it says counts as if it were written there."""
    plain = (
        PARAMS.replace("context region", 'context "eu"')
        .replace("over pace", "over 10m")
        .replace("bake pace", "bake 10m")
    )
    named, written = load_text(PARAMS).migration, load_text(plain).migration

    assert named is not None
    assert written is not None
    assert meaning(named) == meaning(written)
    assert [(param.name, param.value) for param in named.params] == [("pace", "10m"), ("region", "eu")]


def test_a_param_given_from_outside_changes_the_meaning_and_the_fingerprint() -> None:
    """`--param region=us`: no quotes are needed; another value is another plan."""
    own, given = load_text(PARAMS).migration, load_text(PARAMS, params={"region": "us", "pace": "20m"}).migration

    assert own is not None
    assert given is not None
    assert (given.cluster.value, given.profiles[0].bake) == ("us", Duration.of(minutes=20))
    assert own.fingerprint != given.fingerprint


@pytest.mark.parametrize(
    ("params", "code"), [({"region": "ap"}, "MIG225"), ({"pace": "30m"}, "MIG225"), ({"zone": "a"}, "MIG201")]
)
def test_a_param_given_from_outside_must_be_offered(params, code: str) -> None:
    """The choices are closed."""
    assert codes(load_text(PARAMS, params=params)) == [code]


def test_confidence_is_the_odds_of_the_two_accounts() -> None:
    """99 % sure: a stake that grew a hundredfold."""
    text = "mig 1\n" + "\n".join(
        f"gate g{place} {{ require errors <= 1% over 5m {said} }}"
        for place, said in enumerate(["", "confidence 90%", "confidence harm 99.9%", "confidence safe 80%"])
    )
    loaded = load_text(
        f'{text}\nmigration m {{ cluster files "x" from appmesh "x" to istio }}\nstage 1 "x" {{ protect }}'
    )

    assert loaded.migration is not None
    assert [(round(g.harm_odds), round(g.safe_odds)) for g in loaded.migration.gates] == [
        (100, 20),
        (10, 10),
        (1000, 20),
        (100, 5),
    ]
