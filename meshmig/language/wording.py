"""The words of the language as messages name them: kinds of literals, blocks, homes of statements."""

from collections.abc import Collection, Mapping

LITERALS: Mapping[str, str] = {
    "NAME": "a name",
    "TEXT": 'a text in quotes like `"team-shop"`',
    "PATH": "a workload like `shop/cart`",
    "DOTTED": "a name with dots",
    "QUANTITY": "a number with its unit",
    "$END": "the end of the file",
}

KINDS: Mapping[str, str] = {
    "NAME": "a name",
    "TEXT": "a text",
    "PATH": "a workload",
    "DOTTED": "a name with dots",
    "QUANTITY": "a number",
}
"""What a literal is called beside its caret."""

QUANTITIES: Mapping[str, str] = {
    "bake": "a duration like `10m`",
    "keep": "a duration like `24h`",
    "wait": "a duration like `1h`",
    "no_data": "a duration like `20m`",
    "finish": "a duration like `2h`",
    "scrape": "a duration like `15s`",
    "check": "a duration like `10m`",
    "steps": "percents like `5%`",
    "approve": "a percent like `50%`",
    "advance": "a number of requests like `500`",
    "expect": "two numbers like `2..6`",
    "waves": "a number of workloads like `20`",
    "stage": "a number like `1`",
    "require": "a bound like `98%` or `250ms`",
    "mig": "a version like `1`",
}
"""What a key wants where it wants a quantity."""

NOT_BUILT = frozenset(
    {
        *("param", "window", "blackout", "notify", "raw", "mirror", "run", "query", "confidence", "adopt", "take_over"),
        *("blue_green", "into"),
    }
)
"""Words of the design that this version refuses by name."""

BLOCKS: Mapping[str, str] = {
    "migration": "a migration",
    "gate": "a gate",
    "profile": "a profile",
    "group": "a group",
    "stage": "a stage",
    "cluster": "the settings of `cluster`",
    "to": "the settings of `to istio`",
    "metrics": "the settings of `metrics`",
    "move": "`with`",
    "waves": "`with` or `between`",
}
"""A block by the word that begins the statement it belongs to."""

TOP = "the top level"

HOMES: Mapping[str, tuple[str, ...]] = {
    TOP: ("use", "migration", "gate", "profile", "group", "stage", "allow", "answer"),
    "a migration": ("cluster", "from", "to", "metrics"),
    "the settings of `cluster`": ("control_plane",),
    "the settings of `to istio`": ("revision", "mtls", "egress"),
    "the settings of `metrics`": ("scrape",),
    "a gate": ("require", "advance", "finish", "no_data"),
    "a gate or a profile": ("fail",),
    "a profile": ("strategy", "steps", "bake", "keep"),
    "a profile or a stage": ("check", "approve"),
    "a group": ("workloads", "except", "where", "expect"),
    "a stage": ("protect", "install", "move", "waves", "wait", "enforce", "retire"),
}
"""Where each word that begins a statement belongs."""

HOME: Mapping[str, str] = {word: home for home, words in HOMES.items() for word in words}


def standing(block: str) -> str:
    """Return where a statement stands, by what its block is called."""
    return f"at {block}" if block == TOP else f"in {block}"


def listed(words: Collection[str], most: int = 9) -> str:
    """Write words as a list a sentence can end with: `a`, `b` or `c`."""
    shown = list(words)[:most]
    if len(words) > most:
        return ", ".join(shown) + " …"
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def quoted(text: str, limit: int = 40) -> str:
    """Write a piece of the file between back quotes, cut where it is long."""
    return f"`{text if len(text) <= limit else text[:limit] + '…'}`"
