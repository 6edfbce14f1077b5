"""A page of Markdown as a terminal shows it: headings bare, code indented, the rest as written."""

from collections.abc import Iterator

_INDENT = "    "


def page_text(markdown: str) -> str:
    """Write a page for people who read it in a terminal."""
    return "\n".join(_lines(markdown)) + "\n"


def _lines(markdown: str) -> Iterator[str]:
    fenced = False
    for line in markdown.rstrip("\n").split("\n"):
        if line.startswith("```"):
            fenced = not fenced
            name = line.strip("`").partition(" ")[2]
            if name.endswith(".mig"):
                yield from (f"{_INDENT}# {name}", "")
        elif fenced:
            yield f"{_INDENT}{line}".rstrip()
        elif line.startswith("#"):
            yield line.lstrip("# ")
        elif not line.startswith("|---"):
            yield line.strip("|").replace(" | ", "  ").replace("`", "") if line.startswith("|") else line
