"""A text into tokens and comments. Nothing stops it: what means nothing becomes a token that no rule accepts."""

import re
from collections.abc import Iterator
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
            case "RAW" | "BAD_MANIFESTS":
                tokens += _raw(match)
            case "BAD_SIGN" if not HIDDEN.sub("", piece):
                continue
            case _:
                tokens.append(Token(kind, piece, match.start()))
    return Tokens(tokens=tuple(tokens), comments=tuple(comments))


def _raw(match: re.Match[str]) -> Iterator[Token]:
    """Part `raw istio { … }` into its two words and the manifests, which may lack their end."""
    at, group = match.start(), f"{match.lastgroup}_TEXT"
    yield Token("RAW", "raw", at)
    yield Token("ISTIO", "istio", at + match.group().index("istio"))
    yield Token("MANIFESTS" if match.lastgroup == "RAW" else "BAD_MANIFESTS", match[group], match.start(group))
