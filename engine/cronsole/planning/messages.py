"""Who is told what: the messages that follow from how a run ended, and from slots that were not run."""

from collections.abc import Iterator
from typing import Any

from cronsole.model.message import Message, MessageKind, Posted
from cronsole.model.policy import NOBODY, Notify
from cronsole.model.run import Finished, Rejected, Run, RunState
from cronsole.model.schedule import Schedule

_OUTPUT_BYTES = 4096


def messages_of_end(schedule: Schedule, run: Run, ended: Finished, *, was_failing: bool) -> list[Posted]:
    """Return what is told of a run that has ended for good; of one that was cancelled, nothing.

    `was_failing` says that the schedule's last run failed, so that a success is a recovery.
    """
    notify = schedule.policy.notify
    if notify == NOBODY:
        return []
    return [
        _posted(
            kind,
            channels,
            schedule,
            run,
            at=ended.at,
            state=ended.state,
            detail=_storable(ended.detail),
            exit_code=ended.exit_code,
            output=_tail(ended.output),
        )
        for kind, channels in _addressed(notify, ended.state, was_failing=was_failing)
    ]


def messages_of_rejection(schedule: Schedule, run: Run, rejected: Rejected) -> list[Posted]:
    """Return what is told of a run that was claimed and then not started."""
    channels = schedule.policy.notify.on_skip
    if not channels:
        return []
    fields = {"at": rejected.at, "state": RunState.SKIPPED, "reason": rejected.reason}
    detail = _storable(rejected.detail)
    return [_posted(MessageKind.SKIP, channels, schedule, run, detail=detail, **fields)]


def messages_of_verdict(schedule: Schedule, run: Run) -> list[Posted]:
    """Return what is told of slots whose verdict makes no run: skipped, or missed."""
    notify = schedule.policy.notify
    is_missed = run.state is RunState.MISSED
    channels = notify.on_missed if is_missed else notify.on_skip
    if not channels or not run.state.is_final:
        return []
    return [
        _posted(
            MessageKind.MISSED if is_missed else MessageKind.SKIP,
            channels,
            schedule,
            run,
            at=run.created_at,
            state=run.state,
            reason=run.reason,
            detail=_storable(run.detail),
        )
    ]


def _addressed(
    notify: Notify, state: RunState, *, was_failing: bool
) -> Iterator[tuple[MessageKind, tuple[str, ...]]]:
    """Yield the kinds of message that an end makes; a channel that is told of a recovery knows of the success."""
    if state is RunState.SUCCEEDED:
        recovery = notify.on_recovery if was_failing else ()
        if recovery:
            yield MessageKind.RECOVERY, recovery
        success = tuple(channel for channel in notify.on_success if channel not in recovery)
        if success:
            yield MessageKind.SUCCESS, success
    elif notify.on_failure and state.is_failure:
        yield MessageKind.FAILURE, notify.on_failure


def _posted(
    kind: MessageKind, channels: tuple[str, ...], schedule: Schedule, run: Run, **fields: Any
) -> Posted:
    # Made of the run, so that an outcome that is written twice is told once.
    message = Message(
        id=f"{run.run_id}.{kind}",
        kind=kind,
        schedule_id=schedule.id,
        run_id=run.run_id,
        description=schedule.description,
        origin=str(schedule.origin),
        node=run.node,
        slot=run.slot,
        stands_for=run.stands_for,
        attempt=run.attempt,
        **fields,
    )
    return Posted(message, channels)


def _tail(output: str) -> str:
    return output.encode(errors="replace")[-_OUTPUT_BYTES:].decode(errors="ignore")


def _storable(text: str) -> str:
    """Return the text with lone surrogates replaced, which JSON has no bytes for."""
    return text.encode(errors="replace").decode()
