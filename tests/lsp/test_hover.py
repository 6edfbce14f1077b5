"""Hover says what stands under the cursor, also in a file with mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshmig.lsp.hover import hover
from tests.language.reading import HERE
from tests.lsp.reading import hovered, known
from tests.lsp.shop import shop_mesh

WHOLE = (HERE / "good" / "whole.mig").read_text()
GATE = """mig 1

## Fit to carry it.
gate healthy {
  require errors            <= old * 1.25 + 0.05%
  require slower_than 250ms <= old * 1.2
  require success_rate      >= 98% over 5m
  require query "sum(up)"   >= 2
  advance when unharmed after 700 requests
  finish  when proved within 2h
  no_data wait 30m then pause
  fail    pause
}
"""


def test_a_gate_says_what_it_would_measure() -> None:
    """The requirement in words, the series of both meshes, their units, and what the verdicts lead to."""
    said = hovered(GATE + "profile p { check he|althy }")

    assert said.splitlines() == [
        "gate **healthy**",
        "",
        "Fit to carry it.",
        "",
        "requires:",
        (
            "- share of requests answered with a 5xx: at most 1.25 times the old side's, plus 0.05% "
            "(same callers, same minutes)"
        ),
        "- share of requests slower than 250ms: at most 1.2 times the old side's (same callers, same minutes)",
        "- share of requests not answered with a 5xx: at least 98%, over 5m",
        "- `sum(up)`: at least 2",
        "",
        "measures:",
        (
            '- old: `envoy_cluster_upstream_rq{envoy_cluster_name=~"cds_ingress_.*"}`, requests by '
            "`envoy_response_code`, at the server's App Mesh proxy"
        ),
        (
            '- new: `istio_requests_total{reporter="destination"}`, requests by `response_code`, '
            "at the server's Istio proxy"
        ),
        '- old: `envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=~"cds_ingress_.*"}`, milliseconds by `le`',
        '- new: `istio_request_duration_milliseconds_bucket{reporter="destination"}`, milliseconds by `le`',
        "- the queries above, in the units of Prometheus",
        "",
        (
            "advance after 700 requests without evidence of harm · proof before the old side goes: within 2h · "
            "no data: 30m, then the run pauses · harm: the run pauses"
        ),
    ]


def test_a_profile_says_every_step() -> None:
    """Steps, bakes, approvals, and how long the old pods stay."""
    profile = (
        'profile gen|tle { steps 5%, 100%\n bake 10m\n check healthy\n approve before 100% by "x"\n keep old 24h }'
    )

    assert hovered(GATE + profile).splitlines()[2:] == [
        "1. **5%**, bake 10m, check `healthy`",
        "2. approval by x, **100%**, bake 10m, check `healthy`",
        "3. keep the old pods 1d",
    ]


def test_a_move_says_its_profile_with_what_it_overrides() -> None:
    """The steps as this move goes through them."""
    text = 'profile gentle { bake 10m }\nstage 1 "x" { move a/b using gen|tle with { bake 20m } }'

    assert "bake 20m" in hovered("mig 1\n" + text)


def test_a_group_says_its_members_where_the_manifests_are_at_hand() -> None:
    """The patterns always; the workloads from the folder."""
    text = "mig 1\n## Readers.\ngroup re|ad { workloads shop/catalog-*\n expect 2..2 }"

    assert "the manifests are not at hand" in hovered(text)
    assert hovered(text, shop_mesh()).splitlines() == [
        "group **read**: `shop/catalog-*`, 2 to 2 expected",
        "",
        "Readers.",
        "",
        "2 of 6 workloads: `shop/catalog-v1`, `shop/catalog-v2`",
    ]


def test_a_group_says_its_comment_where_it_is_used() -> None:
    """The `##` comment of the definition, in whichever file that is."""
    text = 'mig 1\nuse "gates.mig"\nstage 1 "x" { move re|ad using p }'

    assert "Readers." in hovered(text, used="mig 1\n## Readers.\ngroup read { workloads a/b }\n")


def test_rest_says_who_is_left() -> None:
    """All that no other selection names."""
    text = 'mig 1\nprofile p { }\nstage 1 "x" { move shop/catalog-*, shop/ingress using p  move re|st using p }'

    assert "3 of 6 workloads: `shop/cart`, `shop/front`, `shop/stock`" in hovered(text, shop_mesh())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mig 1\nprofile p { ba|ke 10m }", "**bake**: How long every step of a move is watched before the next one."),
        ("mig 1\nprofile p { keep o|ld 10m }", "**old**: The old pods, which a rollback needs."),
        ("mig 1\nallow MIG4|01 because", "**MIG401**: A workload moves in place"),
        ("mig 1\nanswer default_re|tries = carry", "choices: `carry`, `none`; the first is taken where nobody answers"),
        ("mig 1\nparam pa|ce in [10m, 1h] = 10m", "param **pace** = `10m`, of `10m` or `1h`"),
        ("mig 1\nparam pace in [10m, 1h] = 10m\nprofile p { bake pa|ce }", "param **pace** = `10m`"),
        ('mig 1\n## First of all.\nstage 1 "gr|ound" { protect }', "First of all."),
        ('mig 1\n## The shop.\nmigration sh|op { cluster files "x" }', "The shop."),
        ("mig 1\nga|te", "**gate**: What healthy means"),
    ],
)
def test_words_codes_questions_and_comments(text: str, said: str) -> None:
    """Whatever has a meaning says it."""
    assert said in hovered(text)


@pytest.mark.parametrize("text", ["|", "mig 1\n|\n", "mig 1\n# co|mment", 'mig 1\nuse "ga|tes.mig"', "mig 1\n@|@"])
def test_what_has_no_meaning_says_nothing(text: str) -> None:
    """No hover where there is nothing to say."""
    assert hovered(text) == ""


@given(st.integers(min_value=0, max_value=len(WHOLE)), st.integers(min_value=0, max_value=40))
def test_any_place_of_any_state(offset: int, cut: int) -> None:
    """A piece of a right file taken out: every place can still be asked about."""
    parsed, knowledge = known(WHOLE[:offset] + WHOLE[offset + cut :])

    hover(parsed, knowledge, offset, lambda _: "")
    hover(parsed, knowledge, max(0, offset - 3), lambda _: "")
