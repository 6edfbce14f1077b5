"""From a run's events to what people are told of its stages."""

from collections.abc import Iterator, Sequence

from meshmig.model.intent import Occasion
from meshmig.model.plan import Plan
from meshmig.model.run import (
    Event,
    Happening,
    StageDone,
    StageRolledBack,
    StageUndoing,
    StepHeld,
    StepStarted,
    StepWaiting,
    UnitFailing,
)
from meshmig.ports import Notice, Notifier, Observer


class Telling:
    """An observer that hands every event on, and tells whoever the plan names."""

    def __init__(self, plan: Plan, observer: Observer, notifier: Notifier) -> None:
        self._plan, self._observer, self._notifier = plan, observer, notifier
        self._begun: set[int] = set()

    def begin(self, plan: Plan, before: Sequence[Event], back: int | None = None) -> None:
        """Hand the plan on; a stage that was begun by an earlier run is not begun again."""
        self._begun |= {_stage(e.happening.step) for e in before if isinstance(e.happening, StepStarted)}
        self._observer.begin(plan, before, back)

    def event(self, event: Event) -> None:
        """Take one event."""
        self._observer.event(event)
        for stage, occasion, reason in self._told(event.happening):
            known = self._plan.stage(stage)
            notice = Notice(
                migration=self._plan.migration,
                stage=stage,
                title=known.title if known else "",
                occasion=occasion,
                reason=reason,
                at=event.at,
            )
            for notify in self._plan.terms.notifications:
                if occasion in notify.occasions:
                    self._notifier.tell(notify, notice)

    def _told(self, happening: Happening) -> Iterator[tuple[int, Occasion, str]]:
        match happening:
            case StepStarted(step=step) if _stage(step) not in self._begun:
                self._begun.add(_stage(step))
                yield _stage(step), Occasion.START, ""
            case StepWaiting(step=step, reason=reason):
                yield _stage(step), Occasion.WAIT, reason
            case StepHeld(step=step, reason=reason) | UnitFailing(step=step, reason=reason):
                yield _stage(step), Occasion.FAILURE, reason
            case StageUndoing(stage=stage, reason=reason) if reason:
                yield stage, Occasion.FAILURE, reason
            case StageDone(stage=stage):
                yield stage, Occasion.END, "done"
            case StageRolledBack(stage=stage):
                yield stage, Occasion.END, "rolled back"
            case _:
                return


def _stage(step: str) -> int:
    return int(step.partition(".")[0])
