"""Quantities: text with its unit into typed values; a wrong unit is told with the literal that was meant."""

import re
from collections.abc import Mapping

from meshmig.language.report import Mistake, Report
from meshmig.language.tree import Token
from meshmig.language.wording import quoted
from meshmig.model.units import Duration, Percent

_SIZES = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_EVERYTHING = Percent(1_000_000)
_LONGEST = Duration.of(days=3650)
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_PERCENT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,4}))?%")
_PARTS = re.compile(r"([0-9]{1,12})([a-z]+)")
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:ms|[dhms]))+")
_MEMORY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([kKMGT]i?)B?")
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)/(s|min|h)")
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_BYTES = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

_OTHER_UNITS: Mapping[str, str] = {
    **dict.fromkeys(("min", "mins", "minute", "minutes", "M"), "m"),
    **dict.fromkeys(("sec", "secs", "second", "seconds", "S"), "s"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours", "H"), "h"),
    **dict.fromkeys(("day", "days", "D"), "d"),
    **dict.fromkeys(("msec", "millis", "MS"), "ms"),
}
_OFFERED: Mapping[str, str] = {"keep": "h", "finish": "h", "scrape": "s", "slower_than": "ms"}
"""The unit that a bare number most likely means; minutes for every other key."""


def kind_of(text: str) -> str:
    """Name what a literal is, as it is said beside a caret."""
    if _DURATION.fullmatch(text):
        return "a duration"
    if text.endswith("%"):
        return "a percent"
    if _NUMBER.fullmatch(text):
        return "a bare number"
    if _RATE.fullmatch(text):
        return "a rate"
    return "a size" if _MEMORY.fullmatch(text) else "no known unit"


def joined(number: str, unit: str) -> str:
    """Return a number and a unit that stand apart as one quantity; empty where they are none."""
    if not _NUMBER.fullmatch(number):
        return ""
    if unit in ("%", "percent", "pct"):
        return f"{number}%"
    known = _OTHER_UNITS.get(unit, unit)
    if known not in _SIZES:
        return ""
    return f"{number}{known}" if number.isdigit() else str(Duration(round(float(number) * _SIZES[known])))


def read_duration(token: Token, key: str, report: Report) -> Duration | None:
    """Read `2h30m`: whole numbers, larger units first, at most ten years. `key` is the word that wants it."""
    text = token.text
    if not _DURATION.fullmatch(text):
        _wrong_unit(token, f"`{key}` needs a duration", _meant_duration(text, key), report)
        return None
    parts = [(int(count), unit) for count, unit in _PARTS.findall(text)]
    sizes = [_SIZES[unit] for _, unit in parts]
    length = Duration(sum(count * _SIZES[unit] for count, unit in parts))
    if sizes != sorted(set(sizes), reverse=True):
        message = f"{quoted(text)} does not name its larger units first"
        report.add(_range(token, message, f"did you mean `{length}`?", str(length)))
        return None
    if length > _LONGEST:
        report.add(_range(token, f"{quoted(text)} is longer than ten years", "write a shorter one"))
        return None
    return length


def read_percent(token: Token, key: str, report: Report, *, several: bool = False) -> Percent | None:
    """Read `0.05%`: from 0 to 100, at most four decimals."""
    match = _PERCENT.fullmatch(token.text)
    if match is None and token.text.endswith("%"):
        message = f"{quoted(token.text)} has more than four decimals"
        report.add(_range(token, message, "round it: `0.0001%` is the finest share"))
        return None
    if match is None:
        offered = f"{token.text}%" if _NUMBER.fullmatch(token.text) else ""
        _wrong_unit(token, f"`{key}` needs {'percents' if several else 'a percent'}", offered, report)
        return None
    millionths = int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0"))
    if millionths > _EVERYTHING.millionths:
        report.add(_range(token, f"{quoted(token.text)} is more than everything", "a share ends at `100%`"))
        return None
    return Percent(millionths)


def read_whole_percent(token: Token, key: str, report: Report, *, several: bool = False) -> int | None:
    """Read a whole percent from 1 to 100."""
    percent = read_percent(token, key, report, several=several)
    if percent is None:
        return None
    if percent.millionths % 10_000 or not percent.millionths:
        message = f"`{key}` needs whole percents from `1%` on"
        report.add(_range(token, message, "traffic weights are whole numbers: round it"))
        return None
    return percent.whole


def read_count(token: Token, what: str, report: Report, *, least: int = 1) -> int | None:
    """Read a whole number of at least `least`, without a unit. `what` says what is counted."""
    if not _WHOLE.fullmatch(token.text):
        digits = _WHOLE.match(token.text)
        offered = digits.group() if digits and token.text[digits.end() :].strip(".0") else ""
        message = f"{what} is a whole number without a unit"
        help_text = f"did you mean `{offered}`?" if offered else "write a whole number"
        report.add(_mistake(token, message, help_text, offered))
        return None
    if int(token.text) < least:
        report.add(_range(token, f"{what} is at least {least}", f"did you mean `{least}`?", str(least)))
        return None
    return int(token.text)


def read_factor(token: Token, report: Report) -> float | None:
    """Read the plain factor behind `old *`: `1.25`, from 1 to 100."""
    text = token.text
    if not _NUMBER.fullmatch(text):
        percent = _PERCENT.fullmatch(text)
        offered = f"{float(text[:-1]) / 100:g}" if percent else ""
        message = "`old *` needs a plain factor"
        help_text = f"did you mean `{offered}`?" if offered else "write a factor like `1.25`"
        report.add(_mistake(token, message, help_text, offered))
        return None
    if not 1 <= float(text) <= 100:  # noqa: PLR2004 - a hundred times worse is no gate any more
        message = f"{quoted(text)} is no tolerance: a factor lies between `1` and `100`"
        report.add(_range(token, message, "write a factor like `1.25`"))
        return None
    return float(text)


def read_value(token: Token, report: Report) -> float | None:
    """Read any literal as Prometheus counts it: seconds, a ratio, bytes, events a second, or a plain number."""
    text, rate, size = token.text, _RATE.fullmatch(token.text), _MEMORY.fullmatch(token.text)
    match kind_of(text):
        case "a duration":
            length = read_duration(token, "query", report)
            return length.seconds if length else None
        case "a percent":
            percent = read_percent(token, "query", report)
            return percent.ratio if percent else None
        case "a bare number":
            return float(text)
        case _:
            pass
    if rate:
        return float(rate[1]) / _SECONDS[rate[2]]
    if size and size[2] in _BYTES:
        return float(size[1]) * _BYTES[size[2]]
    known = "a number, or one with `%`, `ms`, `s`, `m`, `h`, `/s`, `/min`, `Ki`, `Mi` or `Gi`"
    report.add(_mistake(token, f"{quoted(text)} has no unit that a query could be compared in", f"write {known}", ""))
    return None


def _wrong_unit(token: Token, message: str, offered: str, report: Report) -> None:
    help_text = f"did you mean `{offered}`?" if offered else "write the number with its unit"
    report.add(_mistake(token, message, help_text, offered))


def _mistake(token: Token, message: str, help_text: str, offered: str) -> Mistake:
    if token.param:
        help_text, offered = _says(token), ""
    return Mistake(
        code="MIG204",
        at=token.at,
        message=message,
        mark=kind_of(token.text),
        help=help_text,
        replacement=offered or None,
    )


def _range(token: Token, message: str, help_text: str, replacement: str | None = None) -> Mistake:
    if token.param:
        help_text, replacement = _says(token), None
    return Mistake(code="MIG207", at=token.at, message=message, help=help_text, replacement=replacement)


def _says(token: Token) -> str:
    return f"the param {quoted(token.param)} says {quoted(token.text)}: name another one here, or change its choices"


def _meant_duration(text: str, key: str) -> str:
    """Return the duration that was likely meant: a unit added, or another spelling of it, or parts made whole."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([A-Za-z]*)", text)
    if match is None:
        return ""
    unit = _OTHER_UNITS.get(match[2], match[2]) or _OFFERED.get(key, "m")
    if unit == "w" and match[1].isdigit():
        return f"{int(match[1]) * 7}d"
    if unit not in _SIZES:
        return ""
    return f"{match[1]}{unit}" if match[1].isdigit() else str(Duration(round(float(match[1]) * _SIZES[unit])))
