"""The steps of a stage as lines: equal ones folded, and what follows a shift written behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from meshmig.cli.views.fields import change_lines, clip, shape_of
from meshmig.cli.views.plan_data import condition_text, write_text
from meshmig.model.plan import (
    Await,
    Bake,
    ChangeAction,
    Confirm,
    Judge,
    JudgeMode,
    Pause,
    Shift,
    Step,
    Unit,
    WriteStep,
)

SIGN = {
    ChangeAction.CREATE: "+",
    ChangeAction.UPDATE: "~",
    ChangeAction.DELETE: "-",
    ChangeAction.NONE: " ",
}
FIELDS_SHOWN = 5
FIELDS_OF_NEW = 3
NAMED = 3
"""How many folded objects a summary names."""
_INDENT = 11
_ALL = 100


@dataclass(frozen=True, slots=True)
class _Entry:
    """A step with the bakes and gates that follow it, and whether its fields are worth showing again."""

    step: Step
    then: tuple[Step, ...]
    fields: bool


def step_lines(steps: Sequence[Step], *, verbose: bool) -> Iterator[str]:
    """Write steps that belong to no unit; without `verbose` those of one shape are one line."""
    folded: dict[tuple[str, ...], list[Step]] = {}
    for step in steps:
        folded.setdefault((step.id,) if verbose else shape_of(step), []).append(step)
    for alike in folded.values():
        yield from _summary(_Entry(alike[0], (), fields=True), verbose=verbose)
        if len(alike) > 1:
            others = ", ".join(step.write.ref.id if step.write else step.id for step in alike[1 : 1 + NAMED])
            more = f" and {len(alike) - 1 - NAMED} more" if len(alike) > 1 + NAMED else ""
            yield f"       = {len(alike) - 1} like this: {others}{more}   (-v opens them)"


def stage_lines(units: Sequence[Unit], steps: Sequence[Step], *, verbose: bool) -> Iterator[str]:
    """Write a stage's steps in their order; without `verbose` a unit that moves as an earlier one does is one line."""
    known: dict[tuple[object, ...], str] = {}
    by_name = {unit.id: unit for unit in units}
    for name, mine in _blocks(steps):
        if name in by_name:
            yield from _unit_lines(by_name[name], mine, known, verbose=verbose)
        else:
            yield from step_lines(mine, verbose=verbose)


def _blocks(steps: Sequence[Step]) -> Iterator[tuple[str, Sequence[Step]]]:
    """Cut steps into runs that belong to no unit and whole units, each unit where its first step stands."""
    told: set[str] = set()
    for unit, run in groupby(steps, key=lambda step: step.unit):
        if not unit:
            yield unit, tuple(run)
        elif unit not in told:
            told.add(unit)
            yield unit, tuple(step for step in steps if step.unit == unit)


def _unit_lines(
    unit: Unit, mine: Sequence[Step], known: dict[tuple[object, ...], str], *, verbose: bool
) -> Iterator[str]:
    shape = (unit.notes, *(_kind_of(step) for step in mine))
    told = "" if verbose else known.setdefault(shape, unit.id)
    yield _heading(unit)
    if told not in ("", unit.id):
        ids = f"{mine[0].id}-{mine[-1].id.partition('.')[2]}"
        yield f"  = {ids}  the same {len(mine)} steps as {told}   (-v opens them)"
        return
    yield from (f"      {note}" for note in unit.notes)
    for entry in _entries(mine, verbose=verbose):
        yield from _summary(entry, verbose=verbose)


def in_full(step: Step) -> Iterator[str]:
    """Write one step with all that is known of it."""
    yield from _summary(_Entry(step, (), fields=True), verbose=True)
    if step.after:
        yield f"           after: {', '.join(step.after)}"
    if step.irreversible:
        yield f"           cannot be taken back: {step.irreversible}"
    if isinstance(step.action, Await) and step.action.advice:
        yield from (f"           {line}" for line in step.action.advice.splitlines())


def _heading(unit: Unit) -> str:
    mechanisms = ", ".join(mechanism.value.replace("_", " ") for mechanism in unit.mechanisms)
    wave = f"wave {unit.wave}  " if unit.wave else ""
    callers = f"called by {', '.join(unit.callers)}" if unit.callers else "no declared caller"
    return f"  {wave}{unit.id}: {unit.strategy.value.replace('_', ' ')} by {mechanisms}; {callers}"


def _kind_of(step: Step) -> tuple[object, ...]:
    """What two units' steps must share to be told once: all but which objects they are."""
    said: tuple[object, ...] = ()
    match step.action:
        case Bake(length=length) | Pause(length=length):
            said = (length.ms,)
        case Judge() as judge:
            said = (judge.gate, judge.mode, judge.percent_new, judge.on_failure)
        case Confirm(team=team):
            said = (team,)
        case Shift() as shift:
            said = (shift.mechanism, shift.percent_from, shift.percent_to, shift.requested_percent)
        case WriteStep() | Await():
            pass
    written = (step.write.ref.kind, step.change.action) if step.write and step.change else ()
    return (step.action.kind, *said, *written, bool(step.irreversible), bool(step.note))


def _entries(steps: Sequence[Step], *, verbose: bool) -> Iterator[_Entry]:
    """Gather what follows each shift; between the first share and the last only the weights move."""
    place = 0
    while place < len(steps):
        step, place = steps[place], place + 1
        then: list[Step] = []
        while not verbose and isinstance(step.action, Shift) and place < len(steps) and _follows(steps[place]):
            then.append(steps[place])
            place += 1
        between = isinstance(step.action, Shift) and step.action.percent_from > 0 and step.action.percent_to < _ALL
        yield _Entry(step, tuple(then), fields=verbose or not between)


def _follows(step: Step) -> bool:
    return isinstance(step.action, Bake | Judge)


def _summary(entry: _Entry, *, verbose: bool) -> Iterator[str]:
    step = entry.step
    sign = SIGN[step.change.action] if step.change else _mark(step)
    turn = " ▲" if step.irreversible else ""
    yield clip(f"  {sign} {step.id:<6}{step.title}{turn}{_origin(step)}{_then(entry.then)}", 120)
    if step.note:
        yield f"{' ' * _INDENT}{step.note}"
    if step.change is not None and entry.fields:
        few = FIELDS_OF_NEW if step.change.action is ChangeAction.CREATE else FIELDS_SHOWN
        yield from change_lines(step.change, indent=_INDENT, limit=0 if verbose else few)
    if verbose:
        yield from (f"{' ' * _INDENT}waits: {condition_text(condition)}" for condition in step.waits)
        yield from (f"{' ' * _INDENT}undo:  {write_text(write)}" for write in step.undo)


def _origin(step: Step) -> str:
    """Say which App Mesh object a created one comes from."""
    fields = step.change.fields if step.change else ()
    origin = next((item.after for item in fields if item.path == "metadata.annotations[meshmig.io/origin]"), None)
    return f"   from {origin}" if origin else ""


def _then(steps: Sequence[Step]) -> str:
    if not steps:
        return ""
    return "   then " + ", ".join(dict.fromkeys(_following(step) for step in steps))


def _following(step: Step) -> str:
    match step.action:
        case Bake(length=length):
            return f"bakes {length}"
        case Judge(gate=gate, mode=JudgeMode.FINISH):
            return f"{gate} proves"
        case Judge(gate=gate):
            return f"gate {gate}"
        case _:
            return step.title


def _mark(step: Step) -> str:
    match step.action:
        case Confirm():
            return "?"
        case Judge():
            return "="
        case Await() | Bake() | Pause():
            return "."
        case WriteStep() | Shift():
            return " "
