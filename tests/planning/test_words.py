"""No word is read and then ignored: for every word of the grammar there is a case whose plan changes, or a refusal."""

import re
from pathlib import Path

import pytest
from lark import Lark

from meshmig.codec import to_json
from meshmig.commands.building import plan_snapshot
from meshmig.commands.opening import Place, rehearsal_world, require_migration
from meshmig.diagnostics import RejectedError
from meshmig.language.grammar_text import grammar_text
from meshmig.model.plan import Plan
from meshmig.sandbox.faults import Faults
from tests.planning.test_jobs import JOB
from tests.planning.test_ownership import RULE, SCALER
from tests.planning.test_raw import BLOCK
from tests.program import ROOT, example

STRICT = Lark(grammar_text(), parser="lalr")
WORDS = {t.pattern.value for t in STRICT.terminals if t.pattern.type == "str" and t.pattern.value[0].isalpha()}
GATES = (ROOT / "plans" / "gates.mig").read_text().partition("mig 1\n")[2]

END = 'stage 6 "finish"    { wait 24h  enforce mtls  retire appmesh }'
GROUND = '"ground"    { protect  install istio }'
SCALED = 'take_over HorizontalPodAutoscaler shop/cart "spec" from "argocd-controller"'

CANARY = """strategy canary
  steps    1%, 5%, 25%, 50%, 100%
  bake     10m
  check    healthy
  keep     old 24h"""

CASES: dict[str, tuple[str, str]] = {
    "the language": ("mig 1", "mig 2"),
    "another file": ('use "gates.mig"', 'use "other.mig"'),
    "a param": ("bake     10m", "bake pace\n}\nparam pace in [1h, 10m] = 1h\nprofile idle {"),
    "the migration": ("migration shop", "migration bazaar"),
    "a context": ('cluster  files "shop"', 'cluster context "prod"'),
    "within": ('cluster  files "shop"', "cluster in-cluster"),
    "a living world": ('cluster  files "shop"', 'cluster files "shop" { control_plane alive }'),
    "a world said": ('cluster  files "shop"', 'cluster files "shop" { control_plane gone }'),
    "another mesh": ('from     appmesh "shop"', 'from appmesh "other"'),
    "a revision": ('to       istio { revision "default"', 'to istio { revision "stable"'),
    "permissive": ("mtls strict", "mtls permissive"),
    "declared": ("egress open", "egress declared"),
    "open again": ("egress open", 'egress declared }\n  metrics prometheus "http://p" { scrape 30s'),
    "errors": ("errors            <= old * 1.25 + 0.05%", "errors <= old * 1.5"),
    "slower": ("slower_than 250ms <= old", "slower_than 500ms <= old"),
    "success": ("success_rate      >= 98% over 5m", "success_rate >= 97% over 10m"),
    "a query": ("success_rate      >= 98% over 5m", 'query "sum(up)" >= 2'),
    "advance": ("advance  when unharmed after 500 requests", "advance when unharmed after 900 requests"),
    "finish": ("finish   when proved within 2h", "finish when proved within 3h"),
    "confidence": ("fail     rollback", "fail rollback\n  confidence harm 99.9%, safe 90%"),
    "no data": ("no_data  wait 20m then pause", "no_data wait 30m then pause"),
    "failure of a gate": ("fail     rollback", "fail pause"),
    "a gate": ("gate healthy", "gate idle { require errors <= 1% over 5m }\ngate healthy"),
    "in its place": (CANARY, "strategy in_place\n  bake 10m\n  check healthy"),
    "blue and green": ("strategy canary", "strategy blue_green"),
    "mirroring": ("strategy canary", "strategy mirror"),
    "steps": ("1%, 5%, 25%, 50%, 100%", "50%, 100%"),
    "check": ("check    healthy", ""),
    "approval within": ("bake     10m", 'bake 10m\n  approve before 50% by "team"'),
    "keep": ("keep     old 24h", "keep old 48h"),
    "except": ("workloads shop/catalog-*\n  expect    2..2", "workloads shop/catalog-*\n  except shop/catalog-v2"),
    "where": ("expect    2..2", 'where label("app") == "catalog-v1" and label("x") != "y"'),
    "expect": ("expect    2..2", "expect 3..9"),
    "a group": ("group read_path {\n  workloads shop/catalog-*", "group read_path {\n  workloads shop/catalog-v1"),
    "what a group is for": ("move read_path using", "move shop/catalog-v1 using"),
    "protect": (GROUND, '"ground" { install istio }'),
    "install": (GROUND, '"ground" { protect }'),
    "into": ("move shop/front using gentle", "move shop/front using gentle into green"),
    "overrides": ("with { bake 20m }", ""),
    "at most": ("at most 20, 4 at once", "at most 1, 4 at once"),
    "at once": ("at most 20, 4 at once", "at most 20, 1 at once"),
    "between": ("at most 20, 4 at once using gentle between { wait 1h  check healthy }", "at most 1 using gentle"),
    "waves": ("waves rest by calls, at most 20, 4 at once using gentle between { wait 1h  check healthy }", "protect"),
    "mirror": (END, f'stage 6 "x" {{ mirror shop/front 10% for 30m }}\n{END.replace("6", "7")}'),
    "check for": (END, END.replace("wait 24h", "wait 24h  check healthy for 10m")),
    "wait": (END, END.replace("wait 24h", "wait 1h")),
    "approve": (END, END.replace("wait 24h", 'approve by "platform"')),
    "run": (GROUND, '"ground" { run job shop/smoke within 5m  fail rollback  protect  install istio }'),
    "enforce": (END, END.replace("enforce mtls", "")),
    "enforce more": (END, END.replace("enforce mtls", "enforce egress")),
    "retire": (END, END.replace("retire appmesh", "")),
    "allow": (END, f'{END}\nallow MIG406 because "x"'),
    "answer": (END, f"{END}\nanswer default_retries = none"),
    "adopt": (END, f"{END}\nadopt VirtualService shop/cart"),
    "take over": (SCALED, ""),
    "window": (END, f'{END}\nwindow mon..tue, wed..thu, fri 09:00..16:00 in "UTC"'),
    "a window of a stage": (END, END.replace("wait 24h", 'wait 24h  window sat, sun in "UTC"')),
    "blackout": (END, f"{END}\nblackout 2026-12-20T00:00Z..2027-01-03T00:00Z"),
    "notify": (END, f'{END}\nnotify webhook "https://hooks.example/x" on start, wait, failure, end'),
    "notify otherwise": (END, f'{END}\nnotify command "page"'),
    "raw": (END, f"{END}\n{BLOCK}"),
}
"""What is changed in the shop's file, into what."""

REFUSED = {
    **dict.fromkeys(("the language",), "MIG105"),
    **dict.fromkeys(("another file",), "MIG101"),
    **dict.fromkeys(("a context", "within"), "MIG214"),
    **dict.fromkeys(("blue and green", "mirroring", "mirror", "into"), "MIG112"),
    **dict.fromkeys(("permissive", "enforce more"), "MIG219"),
}
"""The cases that are no plan: the file itself is refused, by this code."""


def _shop(folder: Path) -> Path:
    file = example("shop", folder)
    (folder / "shop" / "further.yaml").write_text(f"{JOB}---{RULE}---{SCALER}")
    file.write_text(file.read_text().replace('use "gates.mig"', 'use "gates.mig"\n' + GATES) + f"\n{SCALED}\n")
    (folder / "gates.mig").write_text("mig 1\n")
    return file


def _plan(file: Path, snapshot) -> dict[str, object]:
    """Everything that a plan says but whether its file was the same."""
    migration, _ = require_migration(str(file), Place())
    plan = plan_snapshot(migration, snapshot).plan
    if plan is None:
        return {}
    data = to_json(Plan, plan)
    return {key: data[key] for key in data.keys() - {"digest", "fingerprint"}}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """The shop's objects, with a job, a foreign rule and a foreign autoscaler."""
    migration, _ = require_migration(str(_shop(tmp_path_factory.mktemp("world"))), Place())
    world = rehearsal_world(migration, Place(), Faults())
    assert world.embedded is not None
    return world.embedded.snapshot()


@pytest.mark.parametrize("case", CASES)
def test_a_word_changes_the_plan_or_is_refused(tmp_path, snapshot, case: str) -> None:
    """Taken out, put in or exchanged: the plan says something else, or the file is refused by name."""
    file = _shop(tmp_path)
    before, after = CASES[case]
    text = file.read_text()
    assert before in text
    as_it_is = _plan(file, snapshot)
    file.write_text(text.replace(before, after, 1))

    if case in REFUSED:
        with pytest.raises(RejectedError) as refused:
            _plan(file, snapshot)
        assert REFUSED[case] in {finding.code for finding in refused.value.findings}
    else:
        assert _plan(file, snapshot) != as_it_is


def test_every_word_of_the_grammar_has_a_case() -> None:
    """A new word needs a case above; mirroring and blue/green are refused as not built."""
    shown = {word for pair in CASES.values() for text in pair for word in re.findall(r"[a-z][a-z_-]*", text)}
    unbuilt = {case for case, code in REFUSED.items() if code == "MIG112"}

    assert not WORDS - shown
    assert unbuilt <= {"blue and green", "mirroring", "mirror", "into"}
