"""A text into tokens and comments. Nothing stops it: what means nothing becomes a token that no rule accepts."""

from dataclasses import dataclass

from meshmig.language.grammar import grammar
from meshmig.language.source import HIDDEN
from meshmig.language.tree import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens in order, and the comments beside them, each with its `#`."""

    tokens: tuple[Token, ...]
    comments: tuple[Token, ...]


def split(text: str) -> Tokens:
    """Split a text; hidden characters outside of texts and comments count as blanks."""
    tables = grammar()
    words, comments, tokens = tables.words, [], []
    for match in tables.splitter.finditer(text):
        kind, piece = match.lastgroup or "", match.group()
        match kind:
            case "SPACE":
                continue
            case "NAME" | "SIGN":
                tokens.append(Token(words.get(piece, kind), piece, match.start()))
            case "COMMENT":
                comments.append(Token(kind, piece.rstrip(), match.start()))
            case "BAD_SIGN" if not HIDDEN.sub("", piece):
                continue
            case _:
                tokens.append(Token(kind, piece, match.start()))
    return Tokens(tokens=tuple(tokens), comments=tuple(comments))
