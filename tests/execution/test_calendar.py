"""Windows and blackouts: inside, outside, and the moment that opens next."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from meshmig.execution.calendar import shut, spoken, spoken_where
from meshmig.model.intent import Window
from meshmig.model.plan import Stage, Terms
from meshmig.model.units import Instant
from tests.language.reading import HEADER, load_text
from tests.worlds import plan_of, world_of


def _windows(text: str) -> tuple[Window, ...]:
    migration = load_text(f'{HEADER}\n{text}\nstage 1 "x" {{ protect }}\n').migration
    assert migration is not None
    return migration.windows


def _at(text: str, zone: str = "UTC") -> Instant:
    return Instant(int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000)


@pytest.fixture(scope="module")
def plan():
    """Any plan."""
    return plan_of(world_of("vault"), "vault")


OFFICE = 'window mon..thu 09:00..16:00 in "Europe/Berlin"'
NIGHT = 'window sat 22:00..04:00 in "UTC"'
SLEEP = 'blackout sat, sun in "UTC"'
FREEZE = "blackout 2026-12-20T00:00Z..2027-01-03T00:00Z"


@pytest.mark.parametrize(
    ("words", "now", "opens"),
    [
        (OFFICE, "2026-11-25T09:00", ""),
        (OFFICE, "2026-11-25T07:59", "2026-11-25T08:00Z"),
        (OFFICE, "2026-11-25T15:00", "2026-11-26T08:00Z"),
        (OFFICE, "2026-11-26T15:30", "2026-11-30T08:00Z"),
        (OFFICE, "2026-07-01T07:30", ""),
        (NIGHT, "2026-11-28T23:00", ""),
        (NIGHT, "2026-11-29T03:59", ""),
        (NIGHT, "2026-11-29T04:00", "2026-12-05T22:00Z"),
        (SLEEP, "2026-11-28T10:00", "2026-11-30T00:00Z"),
        (SLEEP, "2026-11-30T00:00", ""),
        (FREEZE, "2026-12-24T12:00", "2027-01-03T00:00Z"),
        (f"{OFFICE}\n{FREEZE}", "2026-12-21T10:00", "2027-01-04T08:00Z"),
        (f"{OFFICE}\n{NIGHT}", "2026-11-28T23:00", ""),
        ("window 2020-01-01T00:00Z..2020-01-02T00:00Z", "2026-11-28T23:00", "never"),
    ],
)
def test_when_writes_may_start(plan, words: str, now: str, opens: str) -> None:
    """Any window opens, every blackout shuts; hours over midnight belong to the day that they begin on."""
    bound = replace(plan, terms=Terms(windows=_windows(words)))
    why, until = shut(bound, Stage(number=1, title="x"), _at(now))

    assert (spoken(until) if until else "never" if why else "") == opens


def test_a_stages_windows_narrow_the_migrations(plan) -> None:
    """Both must be open."""
    stage = Stage(number=1, title="x", windows=_windows('window tue 10:00..12:00 in "UTC"'))
    why, until = shut(replace(plan, terms=Terms(windows=_windows(OFFICE))), stage, _at("2026-11-25T10:00"))

    assert why == "outside window tue 10:00..12:00 in UTC"
    assert until is not None
    assert spoken(until) == "2026-12-01T10:00Z"


def test_a_moment_is_told_in_the_zones_of_the_windows(plan) -> None:
    """Beside UTC, with the day where it is another one; what is in UTC needs no second clock."""
    tokyo = replace(plan, terms=Terms(windows=_windows('window tue 02:00..04:00 in "Asia/Tokyo"')))
    utc = replace(plan, terms=Terms(windows=_windows(NIGHT)))
    stage, moment = Stage(number=1, title="x"), _at("2026-11-30T17:00")

    assert spoken_where(tokyo, stage, moment) == "2026-11-30T17:00Z (2026-12-01 02:00 in Asia/Tokyo)"
    assert spoken_where(utc, stage, moment) == "2026-11-30T17:00Z"


def test_clocks_that_are_put_back_and_forward_are_followed(plan) -> None:
    """Nine o'clock in Berlin is nine o'clock, in summer and in winter."""
    bound = replace(plan, terms=Terms(windows=_windows(OFFICE)))
    opened = [shut(bound, Stage(number=1, title="x"), _at(day))[1] for day in ("2026-10-23T20:00", "2026-03-27T20:00")]

    assert [spoken(moment) for moment in opened if moment] == ["2026-10-26T08:00Z", "2026-03-30T07:00Z"]
