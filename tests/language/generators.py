"""Hypothesis strategies: whole files that mean something, laid out in any way that is allowed."""

from hypothesis import strategies as st

NAMES = st.sampled_from(["healthy", "gentle", "read_path", "a", "b-2", "in_place_", "very_long_name_of_a_thing"])
TEXTS = st.sampled_from(['"shop"', '"two words"', '"a \\"quote\\" and a \\\\"', '"# no comment { }"', '"größe"'])
PATHS = st.lists(st.sampled_from(["shop/cart", "shop/cat-*", "*/x", "a-b/c.d-*", "*/*"]), min_size=1, max_size=5)
DURATIONS = st.sampled_from(["90s", "10m", "2h30m", "7d", "250ms", "0s"])
PERCENTS = st.sampled_from(["1%", "0.05%", "50%", "100%", "0.5%"])
GAPS = st.sampled_from(
    [" ", "  ", "\n", "\n\n\n", "\r\n", "\t", " # said\n", "\n# alone\n", "\n\n  ## doc\n", "\n## d\n\n"]
)

REQUIRES = st.one_of(
    st.tuples(st.sampled_from(["errors", "slower_than 250ms"]), st.sampled_from(["1.25", "2"]), PERCENTS).map(
        lambda parts: f"require {parts[0]} <= old * {parts[1]} + {parts[2]}"
    ),
    st.tuples(PERCENTS, DURATIONS).map(lambda parts: f"require success_rate >= {parts[0]} over {parts[1]}"),
    st.just("require errors <= old * 1.5"),
)
CONFIDENCES = st.sampled_from(["", "confidence 99%", "confidence harm 99.9%, safe 95%", "confidence safe 90%"])
GATE_PARTS = st.tuples(
    st.lists(REQUIRES, min_size=1, max_size=4).map("\n".join),
    st.sampled_from(["", "advance when unharmed after 500 requests"]),
    DURATIONS.map("finish when proved within {}".format) | st.just(""),
    CONFIDENCES,
    DURATIONS.map("no_data wait {} then pause".format) | st.just(""),
    st.sampled_from(["fail rollback", "fail pause", ""]),
).map("\n".join)
PROFILE_PARTS = st.tuples(
    st.sampled_from(["strategy canary", ""]),
    st.sampled_from(["steps 1%, 5%, 100%", "steps 100%", ""]),
    DURATIONS.map("bake {}".format) | st.sampled_from(["", "bake pace"]),
    st.sampled_from(["check the_gate", ""]),
    st.lists(TEXTS.map("approve before half by {}".format), max_size=2).map("\n".join),
    DURATIONS.map("keep old {}".format) | st.just(""),
).map("\n".join)
GROUP_PARTS = st.tuples(
    PATHS.map(lambda paths: f"workloads {', '.join(paths)}"),
    PATHS.map(lambda paths: f"except {', '.join(paths)}") | st.just(""),
    st.sampled_from(["", 'where label("tier") == "web" and label("x") != "y"']),
    st.sampled_from(["", "expect 2..6"]),
).map("\n".join)
SELECTIONS = st.sampled_from(["shop/only-*, *-x/y", "the_group", "a/*"])
ACTIONS = st.one_of(
    st.sampled_from(["protect", "install istio", "enforce mtls", "enforce egress", "retire appmesh"]),
    DURATIONS.map("wait {}".format),
    TEXTS.map("approve by {}".format),
    st.sampled_from(["check the_gate", "check the_gate for 10m"]),
    SELECTIONS.map("move {} using the_profile".format),
    st.tuples(SELECTIONS, PROFILE_PARTS).map(lambda p: f"move {p[0]} using the_profile with {{ {p[1]} }}"),
    SELECTIONS.map("waves {} by calls, at most 20, 4 at once using the_profile between {{ wait 1h }}".format),
)
STAGES = st.lists(st.lists(ACTIONS, min_size=1, max_size=5).map("\n".join), min_size=1, max_size=4)
DEFINITIONS = """
param pace in [10m, 20m] = 10m
param half in [50%] = 50%
gate the_gate { require errors <= 1% over 5m }
profile the_profile { check the_gate }
group the_group { workloads a/b }
migration shop { cluster files "x" from appmesh "y" to istio { mtls strict } }
"""

EVERYTHING_ELSE = st.lists(
    st.sampled_from(
        [
            'window mon..thu 09:00..16:00 in "UTC"',
            'window tue, thu..sat in "Europe/Berlin"',
            "blackout 2026-12-24T00:00Z..2026-12-27T00:00Z",
            "adopt VirtualService shop/x",
            'take_over Deployment shop/x "spec.replicas" from "helm"',
            'notify webhook "https://hooks.example/x" on start, end',
            'notify command "tell it"',
            'param other in ["a", "b"] = "a"',
            "param where_ in [a/b, c/*] = a/b",
            'gate deep { confidence harm 99%, safe 95% require query "sum(x)" <= 5 require query "y" <= 120/min }',
            "profile blue { strategy blue_green fail pause bake pace }",
            'stage 90 "try" { run job a/b within 5m mirror a/b, c/d 10% for 30m window tue 10:00..12:00 in "UTC" }',
            'stage 91 "over" { move a/b using blue into other_space fail rollback wait pace }',
        ]
    ),
    unique=True,
)
"""Words that not every version carries out: they may be refused by name, and are read and laid out all the same."""


@st.composite
def files(draw: st.DrawFn) -> str:
    """A whole valid file in which anything may stand between two words that blanks may part."""
    items = [f"gate g {{ {draw(GATE_PARTS)} }}", f"profile p {{ {draw(PROFILE_PARTS)} }}"]
    items.append(f"group r {{ {draw(GROUP_PARTS)} }}")
    items += [f"stage {n} {draw(TEXTS)} {{ {body} }}" for n, body in enumerate(draw(STAGES), start=1)]
    items += draw(st.lists(st.sampled_from(['allow MIG401 because "x"', "answer a.b/c-d = carry"]), unique=True))
    text = "mig 1\n" + DEFINITIONS + "\n".join(draw(st.permutations(items[:3])) + items[3:])
    return draw(layouts(text))


@st.composite
def files_of_all_words(draw: st.DrawFn) -> str:
    """A file with any words of the language, in any layout."""
    parts = [f"gate g {{ {draw(GATE_PARTS)} }}", f"group r {{ {draw(GROUP_PARTS)} }}", *draw(EVERYTHING_ELSE)]
    return draw(layouts("mig 1\n" + DEFINITIONS + "\n".join(parts)))


@st.composite
def layouts(draw: st.DrawFn, text: str) -> str:
    """The same words with other blanks and comments between them."""
    gaps = draw(st.lists(GAPS, min_size=7, max_size=7))
    pieces = _pieces(text)
    return "".join(piece + gaps[(place * 5 + len(piece)) % 7] for place, piece in enumerate(pieces))


def _pieces(text: str) -> list[str]:
    """Cut at blanks that are not within quotes."""
    found, current, quoted, before = [], "", False, ""
    for sign in text:
        quoted ^= sign == '"' and before != "\\"
        if sign.isspace() and not quoted:
            found.append(current)
            current = ""
        else:
            current += sign
        before = "" if before == "\\" else sign
    return [piece for piece in (*found, current) if piece]
