"""The parser at work: it feeds tokens to the LALR table, and can look ahead, step back and close what is open."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from meshmig.language import tree
from meshmig.language.grammar import Row, grammar
from meshmig.language.report import Report
from meshmig.language.suggest import nearest
from meshmig.language.tree import Token

END = "$END"


class Machine:
    """Reads the tokens of one file. `at` is the token that comes next; `starts` are those that begin a statement.

    `opens` holds the braces that are open; `surplus` counts opening ones that were passed over; `lost` holds the
    words of statements that were given up, so that nobody is told that they are not defined. `end` is where `run` stops
    at the latest; `repairs` counts how often it had to be helped on. `params` are the names of the file's params, where
    the tokens are only a part of it.
    """

    def __init__(self, tokens: Sequence[Token], report: Report, params: frozenset[str] | None = None) -> None:
        self._grammar = grammar()
        self._state = self._grammar.begin()
        self._length = len(report.source.text)
        self.tokens, self.report = tokens, report
        self.at = 0
        self.starts: list[int] = []
        self.opens: list[int] = []
        self.surplus = 0
        self.lost: set[str] = set()
        self._understood: dict[int, str] = {}
        self._params = params_of(tokens) if params is None else params
        self.end = len(tokens)
        self.repairs = 0

    def begin(self) -> None:
        """Feed the version; the statements follow."""
        self.renew()
        self.starts += [0] if self.at else []

    def renew(self) -> None:
        """Go on as if the file began here: what was read so far was taken."""
        self._state = self._grammar.begin()
        self._state.feed_token(Token("MIG", "mig", 0))
        self._state.feed_token(Token("QUANTITY", "1", 0))

    def run(self) -> None:
        """Feed tokens until one does not fit, or `end` is reached."""
        from lark.exceptions import UnexpectedToken

        rows, feed = self._grammar.rows, self._state.feed_token
        stack, values = self._state.state_stack, self._state.value_stack
        tokens, boundaries, at = self.tokens, self._grammar.boundaries, self.at
        end = self.end
        while at < end:
            token = tokens[at]
            row = rows[stack[-1]]
            if token.type not in row:
                if "NAME" not in row or not self._may_be_name(token):
                    break
                token = token._replace(type="NAME")
            if token.type == "NAME" and self._is_unknown_param(token):
                break
            before = None if isinstance(row[token.type][1], int) else (stack[:], values[:])
            try:
                feed(token)
            except UnexpectedToken:
                # LALR reduces before it finds out: what may stand here is asked of the states as they were.
                stack[:], values[:] = before or (stack, values)
                break
            if token.type == "LBRACE":
                self.opens.append(at)
            elif token.type == "RBRACE":
                self.opens.pop()
            elif stack[-2] in boundaries:
                self.starts.append(at)
            at += 1
        self.at = at

    def finish(self) -> tree.File | None:
        """Return the tree once every token was fed and nothing is open; None where more is to come."""
        return None if self.at < len(self.tokens) or not self.can(END) else self.taken()

    def taken(self) -> tree.File:
        """Return what was read so far as a tree; the file must be able to end here."""
        file: tree.File = self._state.feed_token(Token(END, "", self._length), is_end=True)
        return file

    @property
    def token(self) -> Token:
        """The token that comes next, or the end of the file."""
        return self.tokens[self.at] if self.at < len(self.tokens) else Token(END, "", self._length)

    @property
    def following(self) -> Token:
        """The token after the next one."""
        return self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else Token(END, "", self._length)

    @property
    def previous(self) -> Token | None:
        """The token before the next one."""
        return self.tokens[self.at - 1] if self.at else None

    def can(self, *types: str) -> bool:
        """Say whether tokens of these types may come next, one after the other."""
        return self._ahead(types) is not None

    def fits(self, token: Token, *before: str) -> bool:
        """Say whether a token may come next, behind further ones of these types, also as a mere name."""
        return self.can(*before, token.type) or (self._may_be_name(token) and self.can(*before, "NAME"))

    def reach(self, types: Iterable[str], index: int, most: int) -> int:
        """Count how many tokens from `index` on would fit behind tokens of these types, at most `most`.

        What comes to a word that surely begins the next statement, or to the end of the file, counts as `most`.
        """
        stack = self._ahead(types)
        if stack is None:
            return -1
        for count, token in enumerate(self.tokens[index : index + most]):
            stack = _after(self._grammar.rows, stack, token.type)
            if stack is None:
                return count
            if token.type in self.statement_words() and self.report.source.is_first(token.start):
                return most
        return most

    def accepted(self, *before: str) -> frozenset[str]:
        """Return the types of all tokens that may come next, behind further ones of these types."""
        stack = self._ahead(before)
        row = self._grammar.rows[stack[-1]] if stack else {}
        return frozenset(type_ for type_ in row if type_.isupper() and self.can(*before, type_))

    def expected(self, *before: str) -> frozenset[str]:
        """Return what is accepted without what only stands for something else: a param's name, a rate for a number."""
        accepted = self.accepted(*before)
        named = self._ahead((*before, "NAME")) if "NAME" in accepted else None
        if named is not None and named[-1] in self._grammar.named:
            accepted -= {"NAME"}
        return accepted - {"RATE"} if "QUANTITY" in accepted else accepted

    def statement_words(self) -> frozenset[str]:
        """Return the types that begin a statement of the innermost open block, or of the file."""
        stack = self._state.state_stack
        state = next((state for state in reversed(stack) if state in self._grammar.boundaries), stack[0])
        return frozenset(
            type_ for type_ in self._grammar.rows[state] if type_.isupper() and type_ not in ("RBRACE", END)
        )

    @property
    def is_complete(self) -> bool:
        """Whether the statement before the next token may end here (or none has begun)."""
        return self.can("RBRACE") if self.opens else self.can("STAGE")

    @property
    def is_settled(self) -> bool:
        """Whether every item before the next token is finished."""
        return not self.opens and self.can("STAGE")

    @property
    def is_boundary(self) -> bool:
        """Whether the block was just opened, or a statement cannot be under way for another reason."""
        return self._state.state_stack[-1] in self._grammar.boundaries

    def feed(self, token: Token) -> None:
        """Feed a token that is not in the text, or that stands there in another form; it must fit."""
        self._state.feed_token(token)
        self._understood[self.at] = self.spelled(token.type)
        if token.type == "LBRACE":
            self.opens.append(max(0, self.at - 1))
        elif self._state.state_stack[-2] in self._grammar.boundaries:
            self.starts.append(self.at)

    def insert(self, types: Iterable[str]) -> None:
        """Feed what is missing behind the previous token; a literal comes empty, and is not judged again."""
        end = self.previous.end if self.previous else 0
        for type_ in types:
            self.feed(Token(type_, "", end))

    def drop_last(self) -> None:
        """Take back the token fed last, which no rule has used yet."""
        self._state.state_stack.pop()
        self._state.value_stack.pop()

    def settle(self) -> bool:
        """Leave the statement under way: kept where it may end here, else given up. Says whether it was kept."""
        if self.is_complete:
            closing = Token("RBRACE" if self.opens else "STAGE", "", self.token.start)
            self._state.feed_token(closing)
            self.drop_last()
            return True
        while self._state.state_stack[-1] not in self._grammar.boundaries:
            self.drop_last()
        first = self.starts[-1] if self.starts else 0
        self.lost.update(token.text for token in self.tokens[first : self.at])
        return False

    def close(self, count: int | None = None) -> None:
        """Close every open block here, or the innermost ones, as if their braces stood before the next token."""
        for _ in range(len(self.opens) if count is None else count):
            self.settle()
            end = self.previous.end if self.previous else 0
            self._state.feed_token(Token("RBRACE", "", end))
            self.opens.pop()

    @property
    def opener(self) -> Token:
        """The word of the statement whose block is the innermost open one; something must be open."""
        return self.tokens[self.starts[bisect_right(self.starts, self.opens[-1]) - 1]]

    def opener_word(self, outside: int = 0) -> str:
        """The word of the innermost open block as it is spelled, or of one outside; a misspelt one as understood."""
        place = self.starts[bisect_right(self.starts, self.opens[-1 - outside]) - 1]
        return self._understood.get(place, self.tokens[place].text)

    @property
    def statement(self) -> Token | None:
        """The word that began the latest statement."""
        return self.tokens[self.starts[-1]] if self.starts else None

    def spelled(self, type_: str) -> str:
        """Return how a reserved word or sign is written; empty for names and literals."""
        return self._grammar.spelling.get(type_, "")

    def word_type(self, text: str) -> str:
        """Return the terminal of a reserved word or sign; empty where it is none."""
        return self._grammar.words.get(text, "")

    def _may_be_name(self, token: Token) -> bool:
        """A reserved word is a name where only names may stand, unless it begins a line as a statement would."""
        if token.type not in self._grammar.spelling or not token.text[:1].isalpha():
            return False
        return token.type not in self.statement_words() or not self.report.source.is_first(token.start)

    def _is_unknown_param(self, token: Token) -> bool:
        """Say whether a name could only be that of a param, and is near none of the file's."""
        after = self._ahead(["NAME"])
        return after is not None and after[-1] in self._grammar.named and not nearest(token.text, self._params)

    def _ahead(self, types: Iterable[str]) -> list[int] | None:
        stack: list[int] | None = list(self._state.state_stack)
        for type_ in types:
            stack = _after(self._grammar.rows, stack, type_) if stack is not None else None
        return stack


def params_of(tokens: Iterable[Token]) -> frozenset[str]:
    """Return the names of a file's params."""
    return frozenset(name.text for word, name in pairwise(tokens) if word.type == "PARAM")


def _after(rows: Mapping[int, Row], stack: list[int], type_: str) -> list[int] | None:
    """Return the states after one more token, or None where it does not fit: the LALR step without values."""
    while True:
        step: tuple[Any, Any] | None = rows[stack[-1]].get(type_)
        if step is None:
            return None
        if isinstance(step[1], int):
            return [*stack, step[1]]
        rule = step[1]
        if rule.expansion:
            del stack[-len(rule.expansion) :]
        stack.append(rows[stack[-1]][rule.origin.name][1])
        if rule.origin.name == "start":
            return stack
