"""The language, timed: reading, checking and laying out, beside python-hcl2 on the same content."""

import gc
import importlib.util
import time
from collections.abc import Callable

import pytest

from meshmig.language import format_text, load
from tests.bench.generated_mig import hcl_text, mig_text

pytestmark = pytest.mark.bench

SIZES = (100, 1_000, 5_000, 20_000)


def _seconds(act: Callable[[], object], runs: int) -> float:
    """The best of some runs, each after a collection: what others do on the machine only makes a run slower."""
    times = []
    for _ in range(runs):
        gc.collect()
        begun = time.perf_counter()
        act()
        times.append(time.perf_counter() - begun)
    return min(times)


def _parsed(data: bytes) -> Callable[[], object]:
    from meshmig.language.parser import parse
    from meshmig.language.source import Source

    return lambda: parse(Source("site.mig", data.decode()))


def test_lines_per_second() -> None:
    """Lines per second of parse, check and fmt, which must not fall with the size."""
    load("site.mig", lambda _: mig_text(100).encode())
    print()
    for lines in SIZES:
        text = mig_text(lines)
        data, count, runs = text.encode(), text.count("\n"), 9 if lines <= 1_000 else 3
        acts = {
            "parse": _parsed(data),
            "check": lambda data=data: load("site.mig", lambda _: data),
            "fmt": lambda data=data: format_text(data, "site.mig"),
        }
        assert load("site.mig", lambda _, data=data: data).findings == ()
        for name, act in acts.items():
            took = _seconds(act, runs)
            print(f"{name:<6} {count:>6} lines  {took:7.3f} s  {count / took:9.0f} lines/s")


@pytest.mark.skipif(importlib.util.find_spec("hcl2") is None, reason="needs the extra `bench`")
def test_beside_python_hcl2() -> None:
    """Both by turns in one run: text in, values out; ours with names and units checked besides."""
    import hcl2

    print()
    for lines in (100, 1_000, 5_000):
        mig, hcl = mig_text(lines).encode(), hcl_text(lines)
        load("site.mig", lambda _, mig=mig: mig)
        assert hcl2.loads(hcl)
        ours, theirs = [], []
        for _ in range(3):
            ours.append(_seconds(lambda mig=mig: load("site.mig", lambda _: mig), 1))
            theirs.append(_seconds(lambda hcl=hcl: hcl2.loads(hcl), 1))
        one, other = min(ours), min(theirs)
        print(f"{lines:>6} lines  check {one:6.3f} s  hcl2.loads {other:6.3f} s  {other / one:5.1f} times as fast")
