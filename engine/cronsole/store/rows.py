"""Rows of the ledger: model structs to tuples and back."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

from cronsole.model.policy import Policy
from cronsole.model.run import Attempt, Cause, Range, Retrying, Run, RunState, SkipReason
from cronsole.model.schedule import Breaker, Pause, Schedule, ScheduleState
from cronsole.store.base import Defined, Ended, PauseSet

Row: TypeAlias = tuple[Any, ...]

_UNFINISHED = frozenset({"queued", "starting", "running"})
_STATES = {state.value: state for state in RunState}
_CAUSES = {cause.value: cause for cause in Cause}
_REASONS = {reason.value: reason for reason in SkipReason}

# What a run that has only been claimed says before and after its boot id, from its start on.
_NOT_STARTED = (None, None, None, None, "", "", "", 0, None, None)
_NOT_ASKED_FOR = ("", "", "")


def plain_claim_row(run: Run) -> Row | None:
    """Return the row for `claim_plain`, or None where the claim says more than that statement can hold."""
    values = msgspec.structs.astuple(run)
    if values[15:25] != _NOT_STARTED or values[26:] != _NOT_ASKED_FOR:
        return None
    stands_for = values[10]
    if stands_for is None or values[6] is None or values[8] is not None:
        return None
    state = values[3]._value_
    return (
        *values[:2],
        values[2]._value_,
        state,
        0 if state in _UNFINISHED else 1,
        *values[4:8],
        1 if values[9] else 0,
        stands_for.count,
        stands_for.first,
        stands_for.last,
        *values[11:14],
        1 if values[14] else 0,
        values[25],
    )


def run_row(run: Run) -> Row:
    """Return the row for `claim_full` and `insert_run`: every column of `runs`."""
    values = msgspec.structs.astuple(run)
    state = run.state.value
    stands_for = (None, None, None) if run.stands_for is None else msgspec.structs.astuple(run.stands_for)
    return (
        *values[:2],
        run.cause.value,
        state,
        0 if state in _UNFINISHED else 1,
        *values[4:8],
        None if run.reason is None else run.reason.value,
        int(run.is_catchup),
        *stands_for,
        *values[11:14],
        int(run.unfenced),
        *values[15:],
    )


def to_run(row: Sequence[Any]) -> Run:
    """Return the run of a row of the statement `run`."""
    values = dict(zip(Run.__struct_fields__, (*row[:10], None, *row[13:]), strict=True))
    values["cause"] = _CAUSES[row[2]]
    values["state"] = _STATES[row[3]]
    values["reason"] = None if row[8] is None else _REASONS[row[8]]
    values["is_catchup"] = bool(row[9])
    values["stands_for"] = None if row[10] is None else Range(row[10], row[11], row[12])
    values["unfenced"] = bool(row[16])
    return Run(**values)


def archived_row(change: Retrying) -> Row:
    """Return the row for `archive_attempt`."""
    failed = change.failed
    return (
        failed.fence,
        failed.started_at,
        failed.at,
        failed.state.value,
        failed.exit_code,
        failed.detail,
        failed.output,
        failed.output_file,
        failed.output_bytes,
        change.run_id,
        change.fence,
    )


def watermark_row(claim: Run) -> Row:
    """Return the row for `raise_watermark`: a run was made unless the verdict is final."""
    slot = claim.slot if claim.stands_for is None else claim.stands_for.last
    return claim.schedule_id, claim.scope, slot, 1 if claim.state._value_ in _UNFINISHED else 0


def to_attempt(row: Sequence[Any]) -> Attempt:
    values = list(row)
    values[5] = _STATES[row[5]]
    return Attempt(*values)


def schedule_row(defined: Defined) -> Row:
    """Return the row for `define`."""
    schedule, state = defined.schedule, defined.state
    fields = msgspec.structs.asdict(schedule)
    del fields["policy"]
    return (
        schedule.id,
        msgspec.json.encode(fields).decode(),
        policy_row(schedule.policy)[0],
        state.definition_hash,
        state.trigger_hash,
        state.created_at,
        state.anchor_at,
        state.trigger_changed_at,
        state.resumed_at,
        *pause_row(state.pause),
        *breaker_row(state.breaker),
        state.exhausted_at,
        state.archived_at,
        schedule.origin.kind.value,
    )


@lru_cache(maxsize=1024)
def policy_row(policy: Policy) -> tuple[str, str]:
    """Return the hash and the text of a policy."""
    # Sets have no order of their own, and a hash needs one.
    text = msgspec.json.encode(policy, order="deterministic")
    return blake2b(text, digest_size=16).hexdigest(), text.decode()


def pause_row(pause: Pause | None) -> Row:
    return (None, None, "", "") if pause is None else msgspec.structs.astuple(pause)


def set_pause_row(change: PauseSet) -> Row:
    """Return the row for `set_pause`."""
    return (*pause_row(change.pause), change.resumed_at, change.schedule_id)


def breaker_row(breaker: Breaker) -> Row:
    return breaker.failures, breaker.opened_at, int(breaker.is_probing)


def to_schedule(definition: str, policy: str) -> Schedule:
    """Return the schedule whose definition and policy were stored."""
    schedule = msgspec.json.decode(definition, type=Schedule)
    return msgspec.structs.replace(schedule, policy=msgspec.json.decode(policy, type=Policy))


def to_ended(row: Sequence[Any]) -> Ended:
    """Return the run of a row of `recent_outcomes`."""
    return Ended(row[0], _STATES[row[1]], _CAUSES[row[2]], *row[3:])


def to_schedule_state(row: Sequence[Any]) -> ScheduleState:
    """Return the state of a row of `schedule_states`."""
    pause = None if row[9] is None else Pause(*row[9:13])
    values = [*row[:9], pause, Breaker(row[13], row[14], bool(row[15])), *row[16:]]
    return ScheduleState(*values)
