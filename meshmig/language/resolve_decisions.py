"""Decisions: what is allowed, answered, adopted and taken over, and the manifests that stand in the file."""

import re
from collections.abc import Iterable
from textwrap import dedent

from meshmig.language import tree
from meshmig.language.report import Mistake, Report
from meshmig.language.resolve_profiles import is_text
from meshmig.language.tree import Token
from meshmig.language.wording import quoted
from meshmig.model import intent

_CODE = re.compile(r"MIG[0-9]{3}|P[0-9]{2}")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]*")
_OBJECT = re.compile(r"(?:([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)/)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*|\[[^\[\]\s]+\])*")


def resolve_allows(items: Iterable[tree.Item], report: Report) -> tuple[intent.Allow, ...]:
    """Turn every `allow` into what it accepts."""
    found: dict[str, tree.Allow] = {}
    for item in items:
        if isinstance(item, tree.Allow):
            _allow(item, found, report)
    return tuple(
        intent.Allow(code=code, because=allow.because.inner, span=report.span(allow.at))
        for code, allow in found.items()
    )


def _allow(allow: tree.Allow, found: dict[str, tree.Allow], report: Report) -> None:
    code = allow.code.text
    before = found.setdefault(code, allow)
    if not _CODE.fullmatch(code):
        upper = code.upper()
        offered = upper if _CODE.fullmatch(upper) else ""
        message = f"{quoted(code)} is no code of a finding"
        help_text = f"did you mean `{offered}`?" if offered else "codes look like `MIG412` or `P28`"
        at = allow.code.at
        report.add(Mistake(code="MIG220", at=at, message=message, help=help_text, replacement=offered or None))
    elif before is not allow:
        _twice(before.code, allow.code, f"{quoted(code)} is allowed twice", report)
    if not allow.because.inner.strip():
        message = "the reason is empty: it is what a reviewer reads"
        report.add(Mistake(code="MIG222", at=allow.because.at, message=message, help="say why this is acceptable"))


def resolve_answers(items: Iterable[tree.Item], report: Report) -> tuple[intent.Answer, ...]:
    """Turn every `answer` into what it decides."""
    found: dict[str, tree.Answer] = {}
    for item in items:
        if isinstance(item, tree.Answer):
            before = found.setdefault(item.question.text, item)
            if before is not item:
                message = f"{quoted(item.question.text)} is answered twice"
                _twice(before.question, item.question, message, report)
    return tuple(
        intent.Answer(id=question, choice=answer.choice.inner, span=report.span(answer.at))
        for question, answer in found.items()
    )


def resolve_adoptions(items: Iterable[tree.Item], report: Report) -> tuple[intent.Adoption, ...]:
    """Turn every `adopt` into the object it names."""
    found: dict[tuple[str, str], tree.Adopt] = {}
    for item in items:
        if not isinstance(item, tree.Adopt) or report.is_damaged(item.at):
            continue
        if _is_object(item.kind, item.name, report):
            before = found.setdefault((item.kind.text, item.name.text), item)
            if before is not item:
                _twice(before.name, item.name, f"{item.kind.text} {item.name.text} is adopted twice", report)
    return tuple(
        intent.Adoption(kind=kind, namespace=_parts(name)[0], name=_parts(name)[1], span=report.span(adopt.at))
        for (kind, name), adopt in found.items()
    )


def resolve_take_overs(items: Iterable[tree.Item], report: Report) -> tuple[intent.TakeOver, ...]:
    """Turn every `take_over` into the field it names."""
    found: dict[tuple[str, str, str], tree.TakeOver] = {}
    for item in items:
        if not isinstance(item, tree.TakeOver) or report.is_damaged(item.at):
            continue
        if _is_object(item.kind, item.name, report, several=True):
            before = found.setdefault((item.kind.text, item.name.text, item.field.inner), item)
            if before is not item:
                _twice(before.field, item.field, f"{quoted(item.field.text)} is taken over twice", report)
            _is_field(item.field, report)
            is_text(item.manager, "the manager", report)
    return tuple(
        intent.TakeOver(
            kind=kind,
            namespace=_parts(name)[0],
            name=_parts(name)[1],
            field=field,
            manager=item.manager.inner,
            span=report.span(item.at),
        )
        for (kind, name, field), item in found.items()
    )


def _is_object(kind: Token, name: Token, report: Report, *, several: bool = False) -> bool:
    if not _KIND.fullmatch(kind.text):
        offered = kind.text[:1].upper() + kind.text[1:]
        message = f"{quoted(kind.text)} is no kind of object"
        fits = _KIND.fullmatch(offered)
        help_text = f"did you mean `{offered}`?" if fits else "write it as manifests do, like `VirtualService`"
        report.add(
            Mistake(code="MIG215", at=kind.at, message=message, help=help_text, replacement=offered if fits else None)
        )
        return False
    if not _OBJECT.fullmatch(name.text.replace("*", "x") if several else name.text):
        message = f"{quoted(name.text)} names no object"
        help_text = "write `namespace/name` in small letters, digits and `-`"
        help_text += "; `*` stands for any text" if several else ": one object, without `*`"
        report.add(Mistake(code="MIG215", at=name.at, message=message, help=help_text))
        return False
    return True


def _is_field(field: Token, report: Report) -> None:
    if not _FIELD.fullmatch(field.inner):
        message = f"{quoted(field.text)} is no path of a field"
        help_text = "write it as the plan shows it, like `spec.replicas` or `spec.http[0].timeout`"
        report.add(Mistake(code="MIG222", at=field.at, message=message, help=help_text))


def _parts(name: str) -> tuple[str, str]:
    namespace, _, rest = name.rpartition("/")
    return namespace, rest


def resolve_raw(items: Iterable[tree.Item], report: Report) -> tuple[intent.RawManifests, ...]:
    """Take the manifests of every `raw istio` out of their braces."""
    found = []
    for item in items:
        if isinstance(item, tree.Raw):
            lines = item.manifests.text.splitlines()[1:-1]
            yaml = dedent("\n".join(line.rstrip() for line in lines))
            if not yaml.strip() and not report.is_damaged(item.at):
                message, help_text = "these braces hold no manifest", "write manifests in them, or take the block away"
                report.add(Mistake(code="MIG209", at=item.key.at, message=message, help=help_text))
            line = report.span(item.manifests.at).line + 1
            found.append(intent.RawManifests(yaml=yaml, line=line, span=report.span(item.key.at)))
    return tuple(found)


def _twice(before: tree.Token, again: tree.Token, message: str, report: Report) -> None:
    others = (report.label(before.at, "first here"),)
    mistake = Mistake(code="MIG203", at=again.at, message=message, mark="again here", help="keep one", others=others)
    report.add(mistake)
