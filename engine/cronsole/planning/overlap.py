"""What becomes of a run that would start while others of its schedule are under way."""

from typing import TypeAlias

import msgspec

from cronsole.model.policy import MissedRunPolicy, Overlap, Policy
from cronsole.model.run import SkipReason


class Start(msgspec.Struct, frozen=True):
    """It starts now."""


class Queue(msgspec.Struct, frozen=True):
    """It waits, visible and in slot order, and is decided anew when a run of the schedule ends."""


class Skip(msgspec.Struct, frozen=True):
    """It ends as skipped."""

    reason: SkipReason


class Replace(msgspec.Struct, frozen=True):
    """What runs is asked to stop, or killed by force; it starts when that is gone."""

    by_force: bool


Decision: TypeAlias = Start | Queue | Skip | Replace

_START = Start()
_QUEUE = Queue()
_OVERLAPS = Skip(SkipReason.OVERLAP)
_QUEUE_FULL = Skip(SkipReason.QUEUE_FULL)
_CANCEL = Replace(by_force=False)
_KILL = Replace(by_force=True)


def decide(
    policy: Policy, *, running: int, queued: int, is_serial: bool, is_beside_backfill: bool = False
) -> Decision:
    """Return what becomes of a run whose time has come.

    `running` counts the schedule's runs under way, those that wait to retry included; `queued` those that
    wait in front of this one. A backfill costs no slot its run: where nothing else is under way, one waits for it.
    """
    if running <= 0:
        return _START
    if is_serial:
        return _QUEUE
    match policy.overlap:
        case Overlap.SKIP if is_beside_backfill and queued == 0:
            return _QUEUE
        case Overlap.SKIP:
            return _OVERLAPS
        case Overlap.QUEUE_ONE:
            return _QUEUE if queued == 0 else _OVERLAPS
        case Overlap.CANCEL_OLD:
            return _CANCEL
        case Overlap.KILL_OLD:
            return _KILL
        case Overlap.ALLOW if running < policy.max_parallel:
            return _START
        case Overlap.QUEUE_ALL | Overlap.ALLOW:
            return _QUEUE if queued < policy.queue_limit else _QUEUE_FULL


def goes_in_series(policy: Policy, *, is_catchup: bool, catchups_ahead: int) -> bool:
    """Tell whether a run is one of a `run_all` catch-up, or the on-time slot that closes it."""
    return policy.missed_run_policy is MissedRunPolicy.RUN_ALL and (is_catchup or catchups_ahead > 0)
