"""The one canonical layout: the same tokens and comments, put where every `.mig` file has them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from meshmig.diagnostics import Diagnostic
from meshmig.language.collecting import no_collection
from meshmig.language.layout import WIDTH, Row, fill, write
from meshmig.language.parser import Parsed, parse
from meshmig.language.shape import Block, Shape, Statement, shape_of
from meshmig.language.source import decode
from meshmig.language.tree import Token

_KEY_COLUMN = 8
"""Values stand at least behind this many columns of key."""

_TIGHT_BEFORE = frozenset({"COMMA", "RPAR", "LPAR", "RANGE", "RSQB"})
_TIGHT_AFTER = frozenset({"LPAR", "RANGE", "LSQB"})
_GROUPED = frozenset({"USE", "PARAM", "STAGE", "ALLOW", "ANSWER", "ADOPT", "TAKE_OVER", "WINDOW", "BLACKOUT", "NOTIFY"})
"""Items that may follow each other without an empty line between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """A file in the canonical layout; `text` is None where the file has mistakes, which are the findings.

    `before` is what was read, empty where the file is no text.
    """

    text: str | None
    findings: tuple[Diagnostic, ...]
    before: str = ""


@no_collection()
def format_text(text: bytes, file: str) -> Formatted:
    """Lay a file out; never raises. Formatting twice changes nothing, and no token or comment is ever lost.

    Only how the file is written is judged, not what it means: names and units may still be wrong.
    """
    source = decode(text, file)
    if isinstance(source, Diagnostic):
        return Formatted(text=None, findings=(source,))
    parsed = parse(source)
    if parsed.report.findings:
        return Formatted(text=None, before=source.text, findings=parsed.report.findings)
    return Formatted(text=layout(parsed), before=source.text, findings=())


def layout(parsed: Parsed) -> str:
    """Return the canonical text of a file without mistakes."""
    shape = shape_of(parsed)
    rows: list[Row] = []
    before: tuple[str, bool] | None = None
    for item in shape.items:
        found = list(_item_rows(item, shape))
        kind, one_line = item.tokens[0].type, sum(bool(row.code) for row in found) == 1
        grouped = before == (kind, True) and one_line and kind in _GROUPED
        rows += _led(found, blank=found[0].blank if grouped else before is not None)
        before = (kind, one_line)
    return write([*rows, *_comments(shape.end, 0)])


def _led(rows: list[Row], *, blank: bool) -> list[Row]:
    return [replace(rows[0], blank=blank), *rows[1:]]


def _comments(comments: Sequence[tuple[str, bool]], indent: int) -> list[Row]:
    return [Row(comment=text, blank=blank, indent=indent) for text, blank in comments]


def _item_rows(item: Block | Statement, shape: Shape) -> Iterator[Row]:
    yield from _comments(item.above, 0)
    match item:
        case Statement():
            yield Row(code="".join(_text(item.tokens, shape)), comment=item.beside, blank=item.blank)
        case Block(body=(), end=()):
            code = f"{_text(item.tokens, shape)} {{ }}"
            yield Row(code=code, comment=" ".join(filter(None, (item.beside, item.behind))), blank=item.blank)
        case Block():
            inline = _inline(item, shape)
            yield from _block_rows(item, shape) if inline is None else [inline]


def _inline(block: Block, shape: Shape) -> Row | None:
    """Return a stage on one line, if it is short and nothing in it has a comment."""
    commented = block.beside or block.end or any(part.above or part.beside for part in block.body)
    if block.tokens[0].type != "STAGE" or commented:
        return None
    head = _text(block.tokens, shape)
    code = "{ " + "  ".join(_text(part.tokens, shape) for part in block.body) + " }"
    if len(head) + 1 + len(code) > WIDTH:
        return None
    return Row(head=head, code=code, comment=block.behind, blank=block.blank)


def _block_rows(block: Block, shape: Shape) -> Iterator[Row]:
    yield Row(code=f"{_text(block.tokens, shape)} {{", comment=block.beside, blank=block.blank)
    codes = _actions(block, shape) if block.tokens[0].type == "STAGE" else _keys(block, shape)
    for place, (part, code) in enumerate(zip(block.body, codes, strict=True)):
        rows = [*_comments(part.above, 2), Row(code=code, comment=part.beside, indent=2, blank=part.blank)]
        yield from _led(rows, blank=rows[0].blank and place > 0)
    ending = _comments(block.end, 2)
    yield from _led(ending, blank=ending[0].blank and bool(block.body)) if ending else ()
    yield Row(code="}", comment=block.behind)


def _actions(block: Block, shape: Shape) -> list[str]:
    return ["\n    ".join(fill(_pieces(part.tokens, shape), WIDTH - 6)) for part in block.body]


def _keys(block: Block, shape: Shape) -> list[str]:
    """Return each statement with its value in the block's column, requirements in columns of their own."""
    width = max([_KEY_COLUMN, *(len(part.tokens[0].text) for part in block.body)]) + 1
    required = _requirements([part.tokens for part in block.body if part.tokens[0].type == "REQUIRE"], shape)
    codes = []
    for part in block.body:
        key = part.tokens[0]
        if key.type == "REQUIRE":
            lines = [required[key.start]]
        else:
            lines = fill(_pieces(part.tokens[1:], shape), WIDTH - 2 - width)
        codes.append(key.text.ljust(width) + f"\n{' ' * width}".join(lines))
    return codes


def _requirements(all_tokens: Sequence[Sequence[Token]], shape: Shape) -> dict[int, str]:
    """Lay out what is required: measure, comparison and factor, slack; by the offset of the statement."""
    cells = {tokens[0].start: _cells(tokens, shape) for tokens in all_tokens}
    measure = max((len(cell[0]) for cell in cells.values()), default=0)
    factor = max((len(cell[1]) for cell in cells.values() if cell[2]), default=0)
    found = {}
    for start, (first, second, third) in cells.items():
        found[start] = f"{first.ljust(measure)} " + (f"{second.ljust(factor)} {third}" if third else second)
    return found


def _cells(tokens: Sequence[Token], shape: Shape) -> tuple[str, str, str]:
    compared = next(place for place, token in enumerate(tokens) if token.type in ("AT_MOST", "AT_LEAST"))
    plus = next((place for place, token in enumerate(tokens) if token.type == "PLUS"), len(tokens))
    parts = tokens[1:compared], tokens[compared:plus], tokens[plus:]
    return _text(parts[0], shape), _text(parts[1], shape), _text(parts[2], shape)


def _text(tokens: Sequence[Token], shape: Shape) -> str:
    return "".join(gap.lstrip("\n") + piece for gap, piece in _pieces(tokens, shape))


def _pieces(tokens: Sequence[Token], shape: Shape) -> list[tuple[str, str]]:
    """Return tokens with the blanks before each; where a line may break, a newline stands before the blanks."""
    pieces: list[tuple[str, str]] = []
    before: Token | None = None
    for token in tokens:
        pieces.append(("" if before is None else _gap(before, token, shape), token.text))
        before = token
    return pieces


def _gap(before: Token, token: Token, shape: Shape) -> str:
    if token.type in _TIGHT_BEFORE or before.type in _TIGHT_AFTER:
        return ""
    if token.start in shape.starts and before.type != "LBRACE":
        return "\n  "
    return "\n " if before.type == "COMMA" else " "
