"""The words of the language as messages name them: kinds of literals, blocks, homes of statements."""

from collections.abc import Collection, Mapping, Sequence

LITERALS: Mapping[str, str] = {
    "NAME": "a name",
    "TEXT": "a text in quotes",
    "PATH": "a workload like `shop/cart`",
    "DOTTED": "a name with dots",
    "QUANTITY": "a number with its unit",
    "RATE": "a rate like `120/min`",
    "TIME": "a moment like `2026-11-30T22:00Z`",
    "CLOCK": "an hour like `09:00`",
    "MANIFESTS": "manifests in braces",
    "$END": "the end of the file",
}

KINDS: Mapping[str, str] = {
    "NAME": "a name",
    "TEXT": "a text",
    "PATH": "a workload",
    "DOTTED": "a name with dots",
    "QUANTITY": "a number",
    "RATE": "a rate",
    "TIME": "a moment",
    "CLOCK": "an hour",
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
    "confidence": "a percent like `99%`",
    "run": "a duration like `5m`",
    "mirror": "a share like `10%`",
    "for": "a duration like `30m`",
    "over": "a window like `5m`",
    "within": "a duration like `5m`",
    "slower_than": "a duration like `250ms`",
    "*": "a factor like `1.25`",
    "+": "a percent like `0.05%`",
    "mig": "a version like `1`",
}
"""What a key wants where it wants a quantity."""

TEXTS: Mapping[str, str] = {
    "stage": '"read path"',
    "by": '"team-shop"',
    "use": '"gates.mig"',
    "context": '"prod-eu"',
    "files": '"shop/"',
    "appmesh": '"shop"',
    "prometheus": '"http://prometheus.monitoring:9090"',
    "revision": '"stable"',
    "(": '"tier"',
    "==": '"web"',
    "!=": '"web"',
    "because": '"its callers retry"',
    "webhook": '"https://chat.example/hooks/mesh"',
    "command": '"/usr/local/bin/tell"',
    "query": '"sum(rate(failed_total[5m]))"',
    "take_over": '"spec.replicas"',
    "from": '"kube-controller-manager"',
    "in": '"Europe/Berlin"',
}
"""What a text looks like behind a word, or in a statement that begins with it."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

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
    TOP: (
        *("use", "param", "migration", "gate", "profile", "group", "stage"),
        *("allow", "answer", "adopt", "take_over", "notify", "raw"),
    ),
    "a migration": ("cluster", "from", "to", "metrics"),
    "the settings of `cluster`": ("control_plane",),
    "the settings of `to istio`": ("revision", "mtls", "egress"),
    "the settings of `metrics`": ("scrape",),
    "a gate": ("require", "advance", "finish", "confidence", "no_data"),
    "a gate, a profile or a stage": ("fail",),
    "a profile": ("strategy", "steps", "bake", "keep"),
    "a profile or a stage": ("check", "approve"),
    "a group": ("workloads", "except", "where", "expect"),
    "a stage": ("protect", "install", "move", "waves", "mirror", "wait", "run", "enforce", "retire"),
    "the top level or in a stage": ("window", "blackout"),
}
"""Where each word that begins a statement belongs."""

ITEM_WORDS = frozenset(word for home, words in HOMES.items() if home.startswith(TOP) for word in words)
"""The words that begin an item of the top level."""

HOME: Mapping[str, str] = {word: home for home, words in HOMES.items() for word in words}


def standing(block: str) -> str:
    """Return where a statement stands, by what its block is called."""
    return f"at {block}" if block.startswith(TOP) else f"in {block}"


def listed(words: Collection[str], most: int = 9) -> str:
    """Write words as a list a sentence can end with: `a`, `b` or `c`."""
    shown = list(words)[:most]
    if len(words) > most:
        return ", ".join(shown) + " …"
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def joined(words: Sequence[str]) -> str:
    """Write words that all count: `a`, `b` and `c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def quoted(text: str, limit: int = 40) -> str:
    """Write a piece of the file between back quotes, cut where it is long and where its first line ends."""
    line = text.partition("\n")[0].rstrip()
    return f"`{line if line == text and len(text) <= limit else line[:limit] + '…'}`"
