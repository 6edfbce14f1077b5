"""One page a code: what the finding means, why it matters, a wrong and a right example."""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page in Markdown; `title` is its first line without the code, `summary` its first paragraph on one line."""

    code: str
    title: str
    summary: str
    text: str


def codes() -> tuple[str, ...]:
    """Return the codes of all pages, sorted."""
    return tuple(sorted(entry.name.removesuffix(".md") for entry in _folder().iterdir() if entry.name.endswith(".md")))


def page(code: str) -> Page | None:
    """Return the page of a code, or None where no finding carries it."""
    if not code.isalnum():
        return None
    entry = _folder() / f"{code}.md"
    if not entry.is_file():
        return None
    text = entry.read_text(encoding="utf-8")
    head, summary, _ = text.split("\n\n", 2)
    return Page(code=code, title=head.partition(": ")[2], summary=" ".join(summary.split()), text=text)


def _folder() -> Traversable:
    return files(__name__) / "pages"
