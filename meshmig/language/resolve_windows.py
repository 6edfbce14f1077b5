"""Windows and blackouts: days, hours, time zones and moments; and who is told of what."""

import re
import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from meshmig.language import tree
from meshmig.language.report import Mistake, Report
from meshmig.language.resolve_profiles import is_text
from meshmig.language.suggest import nearest
from meshmig.language.tree import Token
from meshmig.language.wording import DAYS, quoted
from meshmig.model import intent
from meshmig.model.units import Instant

_DAY_MINUTES = 24 * 60
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_URL = re.compile(r"https?://[^\s/]+\S*")


def resolve_windows(items: Iterable[object], report: Report) -> tuple[intent.Window, ...]:
    """Turn every window and blackout among the items into what it means; the others are passed over."""
    found = (_window(item, report) for item in items if isinstance(item, tree.Window))
    return tuple(window for window in found if window is not None)


def _window(window: tree.Window, report: Report) -> intent.Window | None:
    if isinstance(window.when, tree.Period):
        when: intent.Recurrence | intent.Period | None = _period(window.when, report)
    else:
        when = _recurrence(window.when, report)
    if when is None:
        return None
    blackout, span = window.key.type == "BLACKOUT", report.span(window.at)
    return intent.Window(when=when, blackout=blackout, text=_written(window.when), span=span)


def _period(period: tree.Period, report: Report) -> intent.Period | None:
    start, end = _instant(period.first, report), _instant(period.last, report)
    if start is None or end is None:
        return None
    if end <= start:
        message = f"{quoted(period.last.text)} is not after {quoted(period.first.text)}"
        report.add(Mistake(code="MIG226", at=period.last.at, message=message, help="write the earlier moment first"))
        return None
    return intent.Period(start=start, end=end)


def _instant(token: Token, report: Report) -> Instant | None:
    try:
        moment = datetime.strptime(token.text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        message = f"{quoted(token.text)} is no moment of the calendar"
        report.add(Mistake(code="MIG226", at=token.at, message=message, help="write it like `2026-11-30T22:00Z`"))
        return None
    return Instant(int(moment.timestamp()) * 1000)


def _recurrence(recurring: tree.Recurring, report: Report) -> intent.Recurrence | None:
    hours = tuple(_minute(clock, report) for clock in recurring.hours or ())
    zone = _is_zone(recurring.zone, report)
    start, end = hours or (0, _DAY_MINUTES)
    if start is None or end is None or not zone:
        return None
    days = {day for span in recurring.days for day in _days(span)} or set(range(len(DAYS)))
    if start == end and recurring.hours:
        message, help_text = "these hours begin and end at once", "write `00:00..24:00` for the whole day"
        report.add(Mistake(code="MIG226", at=recurring.hours[1].at, message=message, help=help_text))
        return None
    return intent.Recurrence(days=tuple(sorted(days)), start_minute=start, end_minute=end, zone=recurring.zone.inner)


def _days(span: tree.Days) -> tuple[int, ...]:
    """Return the days from the first to the last, over the end of the week where it must be."""
    first = DAYS.index(span.first.type.lower())
    last = DAYS.index(span.last.type.lower()) if span.last else first
    return tuple((first + step) % len(DAYS) for step in range((last - first) % len(DAYS) + 1))


def _minute(clock: Token, report: Report) -> int | None:
    match = _CLOCK.fullmatch(clock.text)
    total = int(match[1]) * 60 + int(match[2]) if match else _DAY_MINUTES + 1
    if match and int(match[2]) < 60 and total <= _DAY_MINUTES:  # noqa: PLR2004 - minutes of an hour
        return total
    message = f"{quoted(clock.text)} is no hour of a day"
    report.add(Mistake(code="MIG226", at=clock.at, message=message, help="hours go from `00:00` to `24:00`"))
    return None


def _is_zone(zone: Token, report: Report) -> bool:
    try:
        ZoneInfo(zone.inner)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        meant = nearest(zone.inner, available_timezones())
        message = f"{quoted(zone.text)} is no time zone of the IANA list"
        help_text = f'did you mean `"{meant}"`?' if meant else 'write one like `"Europe/Berlin"` or `"UTC"`'
        replacement = f'"{meant}"' if meant else None
        report.add(Mistake(code="MIG226", at=zone.at, message=message, help=help_text, replacement=replacement))
        return False
    return True


def _written(when: tree.Recurring | tree.Period) -> str:
    if isinstance(when, tree.Period):
        return f"{when.first.text}..{when.last.text}"
    spans = (f"{s.first.text}..{s.last.text}" if s.last else s.first.text for s in when.days)
    hours = f"{when.hours[0].text}..{when.hours[1].text}" if when.hours else ""
    return " ".join(filter(None, (", ".join(spans), hours, f"in {when.zone.inner}")))


def resolve_notifications(items: Iterable[tree.Item], report: Report) -> tuple[intent.Notify, ...]:
    """Turn every `notify` into who is told of what."""
    return tuple(_notify(item, report) for item in items if isinstance(item, tree.Notify))


def _notify(notify: tree.Notify, report: Report) -> intent.Notify:
    channel = intent.Channel(notify.channel.type.lower())
    target = notify.target
    if channel is intent.Channel.WEBHOOK and not _URL.fullmatch(target.inner):
        message = f"{quoted(target.text)} is no address of a webhook"
        help_text = "write it with `https://` or `http://`"
        report.add(Mistake(code="MIG222", at=target.at, message=message, help=help_text))
    elif channel is intent.Channel.COMMAND:
        is_text(target, "the command", report)
        _is_command(target, report)
    named = tuple(dict.fromkeys(intent.Occasion(token.type.lower()) for token in notify.occasions))
    return intent.Notify(
        channel=channel,
        target=target.inner,
        occasions=named or tuple(intent.Occasion),
        span=report.span(notify.at),
    )


def _is_command(target: Token, report: Report) -> None:
    try:
        shlex.split(target.inner)
    except ValueError as error:
        message = f"{quoted(target.text)} is no command: {error}"
        report.add(Mistake(code="MIG222", at=target.at, message=message, help="close its quotes"))
