"""The live view of a run on a terminal: log lines scroll, and below them a frame says where each unit stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from meshmig.cli.views.log_lines import LogLines, current_step, odds_text
from meshmig.execution.state import RunState, StepState, fold, new_percents
from meshmig.model.plan import Bake, Judge, Pause, Plan, Step
from meshmig.model.run import Event, Sampled, SideCount
from meshmig.model.units import Duration, Instant

_BAR = 10
_HARM, _SAFE = 100.0, 20.0
_REFRESH_PER_SECOND = 4


@dataclass(kw_only=True)
class Watched:
    """What a live view knows: the plan, the run so far, and the newest sample of each step."""

    plan: Plan
    state: RunState
    began: Instant | None = None
    now: Instant | None = None
    samples: dict[str, Sampled] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take one more event in."""
        self.state.add(event)
        self.began = self.began or event.at
        self.now = event.at
        if isinstance(event.happening, Sampled):
            self.samples[event.happening.step] = event.happening


def frame(watched: Watched) -> Iterator[str]:
    """Write the frame: a head, and one block a unit of the stage under way."""
    plan, state = watched.plan, watched.state
    place = current_step(plan, state)
    step = plan.step.get(place)
    stage = plan.stage(step.stage) if step else None
    running = watched.now.since(watched.began) if watched.now and watched.began else Duration(0)
    where = f"stage {stage.number} {stage.title} · step {place} {step.title}" if stage and step else "at its end"
    yield f"{plan.migration} · {where} · running {running} · Ctrl-C stops after the write in flight"
    percents = dict(new_percents(plan, state))
    for unit in plan.units:
        mine = [one for one in plan.step.values() if one.unit == unit.id]
        if stage is not None and unit.stage == stage.number:
            yield from _unit_block(watched, unit.id, mine, percents[unit.id])


def _unit_block(watched: Watched, unit: str, steps: Sequence[Step], percent: int) -> Iterator[str]:
    state = watched.state
    begun = [step for step in steps if state.step(step.id) in {StepState.STARTED, StepState.WRITTEN}]
    if all(state.step(step.id) is StepState.DONE for step in steps):
        yield f"{unit}  done"
    elif not begun:
        waits = next((step.after for step in steps if state.step(step.id) is StepState.PENDING), ())
        left = [name for name in waits if state.step(name) is not StepState.DONE]
        yield f"{unit}  old {100 - percent} %, new {percent} %" + (f"  waits for {', '.join(left)}" if left else "")
    else:
        yield f"{unit}  old {100 - percent} %, new {percent} %  {_doing(watched, begun[-1])}"
        sample = watched.samples.get(begun[-1].id)
        if sample is not None:
            yield from _sample_lines(sample)


def _doing(watched: Watched, step: Step) -> str:
    match step.action:
        case Bake(length=length) | Pause(length=length):
            began = watched.state.started.get(step.id)
            passed = watched.now.since(began).ms if watched.now and began else 0
            return f"{step.id} {step.title}: {Duration(max(0, length.ms - passed))} left"
        case Judge():
            return f"{step.id} gate"
        case _:
            return f"{step.id} {step.title}"


def _sample_lines(sample: Sampled) -> Iterator[str]:
    yield f"    old {_side(sample.old)}"
    yield f"    new {_side(sample.new)}"
    yield (
        f"    harm {odds_text(sample.harm)} of {_HARM:.0f}:1 {_bar(sample.harm, _HARM)}  "
        f"safe {odds_text(sample.safe)} of {_SAFE:.0f}:1 {_bar(sample.safe, _SAFE)}  {sample.reason}"
    )


def _side(side: SideCount) -> str:
    share = f"{side.bad / side.requests:.2%}" if side.requests else "no requests"
    return f"{side.requests:>9,} requests   bad {share}   {side.seen} of {side.expected} pods seen"


def _bar(value: float, full: float) -> str:
    filled = min(_BAR, int(_BAR * value / full))
    return "█" * filled + "░" * (_BAR - filled)


class LiveView:
    """Draws the frame anew while the run goes on; used as a context manager."""

    def __init__(self, stream: TextIO) -> None:
        self._watched: Watched | None = None
        self._log = LogLines(self._print)
        self._live = Live(
            get_renderable=self._drawn,
            console=Console(file=stream, highlight=False),
            refresh_per_second=_REFRESH_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begin(self, plan: Plan, before: Sequence[Event], back: int | None = None) -> None:
        """Take the plan, and where its run stands."""
        self._watched = Watched(plan=plan, state=fold(plan, before))
        self._log.begin(plan, before, back)

    def event(self, event: Event) -> None:
        """Take one event in."""
        if self._watched is not None:
            self._watched.take(event)
        self._log.event(event)

    def _print(self, line: str) -> None:
        self._live.console.print(Text(line))

    def _drawn(self) -> Text:
        lines = frame(self._watched) if self._watched is not None else ()
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")
