"""When writes may start: windows and blackouts over days, hours and time zones, and the moment that opens next."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from meshmig.model.intent import Period, Recurrence, Window
from meshmig.model.plan import Plan, Stage
from meshmig.model.units import Instant

_AHEAD = 400
"""So many days are looked ahead: what does not open within them never does."""
_DAY = timedelta(days=1)
_MS = 1_000


def shut(plan: Plan, stage: Stage, now: Instant) -> tuple[str, Instant | None]:
    """Say which window or blackout keeps writes of a stage from starting now, and till when; empty where none does.

    The stage's own windows narrow those of the whole migration. None: they never open.
    """
    groups = (plan.terms.windows, stage.windows)
    why = next((text for group in groups if (text := _why(group, now))), "")
    if not why:
        return "", None
    opening = (moment for moment in _boundaries(groups, now) if not any(_why(group, moment) for group in groups))
    return why, next(opening, None)


def _why(windows: Sequence[Window], at: Instant) -> str:
    """Return what keeps one group of windows shut: a blackout, or that no window is open."""
    blackout = next((w for w in windows if w.blackout and _holds(w, at)), None)
    if blackout is not None:
        return f"blackout {blackout.text}"
    opens = [window for window in windows if not window.blackout]
    if not opens or any(_holds(window, at) for window in opens):
        return ""
    return f"outside window {' and '.join(window.text for window in opens)}"


def _holds(window: Window, at: Instant) -> bool:
    when = window.when
    if isinstance(when, Period):
        return when.start <= at < when.end
    local = datetime.fromtimestamp(at.ms / _MS, _zone(when.zone)).replace(tzinfo=None)
    return any(start <= local < end for start, end in _stretches(when, local.date() - _DAY, 2))


def _boundaries(groups: Sequence[Sequence[Window]], now: Instant) -> Iterator[Instant]:
    """Yield, in order, every later moment at which a window begins or a blackout ends."""
    found = {moment for group in groups for window in group for moment in _edges(window, now)}
    yield from sorted(moment for moment in found if moment > now)


def _edges(window: Window, now: Instant) -> Iterator[Instant]:
    when = window.when
    if isinstance(when, Period):
        yield when.end if window.blackout else when.start
        return
    zone = _zone(when.zone)
    today = datetime.fromtimestamp(now.ms / _MS, zone).date()
    for start, end in _stretches(when, today - _DAY, _AHEAD):
        edge = end if window.blackout else start
        yield Instant(int(edge.replace(tzinfo=zone).timestamp()) * _MS)


def _stretches(when: Recurrence, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches, in local time, that begin on the days from the first one on."""
    for day in (first + _DAY * count for count in range(days)):
        if day.weekday() in when.days:
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time, the zone is the caller's
            start = midnight + timedelta(minutes=when.start_minute)
            end = midnight + timedelta(minutes=when.end_minute)
            yield start, end if end > start else end + _DAY


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def spoken_where(plan: Plan, stage: Stage, moment: Instant) -> str:
    """Write a moment as the language does, and as the clocks of the windows' zones show it: `(09:00 in Europe/Berlin)`.

    The day is named where it is another one than in UTC.
    """
    recurring = [w.when for w in (*plan.terms.windows, *stage.windows) if isinstance(w.when, Recurrence)]
    zones = [zone for zone in dict.fromkeys(when.zone for when in recurring) if zone != "UTC"]
    shown = [f"{_clock(moment, zone)} in {zone}" for zone in zones]
    return f"{spoken(moment)} ({', '.join(shown)})" if shown else spoken(moment)


def _clock(moment: Instant, zone: str) -> str:
    utc = datetime.fromtimestamp(moment.ms / _MS, UTC)
    local = utc.astimezone(_zone(zone))
    return local.strftime("%H:%M" if local.date() == utc.date() else "%Y-%m-%d %H:%M")


def spoken(moment: Instant) -> str:
    """Write a moment as the language does: `2026-11-30T22:00Z`."""
    return datetime.fromtimestamp(moment.ms / _MS, UTC).strftime("%Y-%m-%dT%H:%MZ")
