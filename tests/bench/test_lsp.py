"""The editor's answer to a keystroke, timed over the real protocol: a change sent, its diagnostics received."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lsp.client import Editor, editor

pytestmark = pytest.mark.bench

HEADER = """mig 1

migration shop {
  cluster  files "shop"
  from     appmesh "shop"
  to       istio
}

gate healthy {
  require  errors            <= old * 1.25 + 0.05%
  require  slower_than 250ms <= old * 1.2  + 0.5%
}
"""


def _block(number: int) -> str:
    return f"""
## Part {number}.
profile p{number} {{
  strategy canary
  steps    1%, 5%, 25%, 50%, 100%
  bake     10m
  check    healthy
  keep     old 24h
}}

group g{number} {{
  workloads shop/catalog-{number}, shop/detail-{number}-*
  except    shop/detail-{number}-legacy
  expect    2..6
}}

stage {number} "part {number}" {{
  protect
  move g{number} using p{number} with {{ bake 20m }}
  wait 1h
}}
"""


def long_file(lines: int) -> str:
    """A right file of about so many lines."""
    text, number = HEADER, 1
    while text.count("\n") < lines:
        text += _block(number)
        number += 1
    return text


def _timed(at: Editor, change: Callable[[int], None], *, is_wrong: bool) -> list[float]:
    """Time each keystroke to its answer; every second one mends what the one before broke, where it is to break."""
    times = []
    for turn in range(60):
        begun = time.perf_counter()
        change(turn)
        told = at.diagnostics("site.mig")
        times.append((time.perf_counter() - begun) * 1000)
        assert bool(told) == (is_wrong and turn % 2 == 0), told
        time.sleep(0.03)
    return sorted(times)


@pytest.mark.parametrize("lines", [500, 2_000, 5_000])
@pytest.mark.parametrize("where", ["top", "middle", "end", "name", "mistake"])
def test_a_keystroke(tmp_path: Path, lines: int, where: str) -> None:
    """A letter is typed into a comment at three places, a name becomes unknown, a block is broken; median and worst."""
    text = long_file(lines)
    rows = text.count("\n")
    (tmp_path / "site.mig").write_text(text)
    middle = text[: text.index(f"profile p{rows // 42}")].count("\n")
    line = {"top": 1, "end": rows}.get(where, middle - 1)
    with editor(tmp_path) as at:
        at.open("site.mig")
        word = {"name": (middle + 4, 11), "mistake": (middle + 1, 2)}.get(where, (line, 0))
        signs = {"name": "x", "mistake": "x"}.get(where, "# ")
        times = _timed(
            at,
            lambda turn: at.change(
                "site.mig", "" if turn % 2 else signs, word, (word[0], word[1] + len(signs) * (turn % 2))
            ),
            is_wrong=where in ("name", "mistake"),
        )

    print(
        f"{lines:>6} lines, {where:<8} median {times[30]:6.1f} ms, p90 {times[54]:6.1f} ms, worst {times[-1]:6.1f} ms"
    )
