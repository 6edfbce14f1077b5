"""Loading the test files by their names, without the file's absolute place in the findings."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from meshmig.language import Loaded, load, render_finding

HERE = Path(__file__).parent
WRONG = sorted((HERE / "wrong").glob("*.mig"))
GOOD = sorted((HERE / "good").glob("*.mig"))
PLANS = sorted((HERE.parents[1] / "plans").glob("*.mig"))

HEADER = """mig 1

migration shop {
  cluster  files "shop"
  from     appmesh "shop"
  to       istio
}
"""


def load_file(name: str) -> Loaded:
    """Load a file of this folder by its relative name."""
    return load(name, lambda path: (HERE / path).read_bytes())


def load_text(
    text: str | bytes, used: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
) -> Loaded:
    """Load a text as `site.mig`, with the texts of used files by their paths, and values for its params."""
    data = text if isinstance(text, bytes) else text.encode()

    def read(path: str) -> bytes:
        if path == "site.mig":
            return data
        if path not in (used or {}):
            raise FileNotFoundError(2, "No such file or directory", path)
        return (used or {})[path].encode()

    return load("site.mig", read, params=params or {})


def codes(loaded: Loaded) -> list[str]:
    """The codes of all findings."""
    return [finding.code for finding in loaded.findings]


def rendered(loaded: Loaded) -> str:
    """All findings as people see them."""
    return "\n\n".join(render_finding(finding, loaded.sources) for finding in loaded.findings)


def meaning(value: object) -> object:
    """A migration without its places, its file, its fingerprint and its params, whose values stand where they count."""
    return _without_places(asdict(value))


def _without_places(value: object) -> object:
    if isinstance(value, dict):
        kept = value.keys() - {"span", "file", "fingerprint", "params"}
        return {key: _without_places(value[key]) for key in sorted(kept)}
    if isinstance(value, list | tuple):
        return [_without_places(each) for each in value]
    return value
