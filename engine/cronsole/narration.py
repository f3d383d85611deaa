"""Tells each event of the engine in one line that a person can read."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from cronsole.model import event as events
from cronsole.model.event import Event, Level
from cronsole.model.instant import SECOND, Instant, to_iso
from cronsole.model.run import RunState
from cronsole.text import human_duration, plural

Teller: TypeAlias = Callable[[Any], str]


LEVELS = tuple(Level)


def level_of(event: Event) -> Level:
    """Return how loud the event is."""
    match event:
        case events.RunFinished(state=state) if state.is_failure:
            return Level.ERROR
        case events.MessageLogged(level=level):
            return level
        case events.RunQueued():
            return Level.DEBUG
        case events.StoreTroubled() | events.CatalogRefused() | events.PluginFailed():
            return Level.ERROR
        case events.SlotsMissed() | events.ClockJumped() | events.CircuitOpened() | events.Warned():
            return Level.WARNING
        case events.PluginStale() | events.PluginRefused():
            return Level.WARNING
        case events.RunRetryScheduled() | events.RunFinished(state=RunState.CANCELLED):
            return Level.WARNING
    return Level.INFO


@lru_cache(maxsize=64)
def kind_of(event: type[Event]) -> str:
    """Return the name of an event's type as the API has it: `run_finished`."""
    return re.sub(r"(?<=.)(?=[A-Z])", "_", event.__name__).lower()


def sentence(event: Event) -> str:
    """Return what happened, in words."""
    return _TELLERS[type(event)](event)


def _run_started(event: events.RunStarted) -> str:
    told = f"{event.schedule_id} started"
    if event.attempt > 1:
        told += f", attempt {event.attempt}"
    if event.slot is None:
        return f"{told}, {event.cause}"
    late_ms = event.at - event.due_at
    late = f", {human_duration(late_ms)} late" if late_ms >= SECOND else ""
    return f"{told}{', catch-up' if event.is_catchup else ''} for {_slot(event.slot)}{late}"


@lru_cache(maxsize=16)
def _slot(slot: Instant) -> str:
    """Return the text of an instant that many schedules share."""
    return to_iso(slot)


def _run_finished(event: events.RunFinished) -> str:
    if event.state is RunState.TIMED_OUT:
        return f"{event.schedule_id} {event.detail}"
    told = f"{event.schedule_id} {event.state.value} after {human_duration(event.duration_ms)}"
    return f"{told}: {event.detail}" if event.detail else told


def _retry(event: events.RunRetryScheduled) -> str:
    wait = human_duration(max(0, event.retry_at - event.at))
    return f"{event.schedule_id} failed ({event.detail}), attempt {event.attempt} in {wait}"


def _skipped(event: events.SlotSkipped) -> str:
    told = f"{event.schedule_id} skipped"
    if event.slot is not None:
        told += f" for {to_iso(event.slot)}"
    told += f": {event.reason.value.replace('_', ' ')}"
    return f"{told} ({event.detail})" if event.detail else told


def _missed(event: events.SlotsMissed) -> str:
    missed = event.missed
    span = to_iso(missed.first)
    if missed.count > 1:
        span = f"{span} to {to_iso(missed.last)}"
    return f"{event.schedule_id} missed {plural(missed.count, 'slot')}: {span}"


def _paused(event: events.SchedulePaused) -> str:
    told = f"{event.schedule_id} paused by {event.actor}{_until(event.until)}"
    return f"{told}: {event.reason}" if event.reason else told


def _until(until: Instant | None) -> str:
    return "" if until is None else f" until {to_iso(until)}"


def _reloaded(event: events.CatalogReloaded) -> str:
    parts = [
        f"{len(ids)} {word}: {', '.join(ids[:5])}{' …' if len(ids) > 5 else ''}"
        for word, ids in (("added", event.added), ("changed", event.changed), ("removed", event.removed))
        if ids
    ]
    return "configuration reloaded, " + ("; ".join(parts) or "nothing changed")


def _refused(event: events.CatalogRefused) -> str:
    return "configuration refused, the last good one stays in force: " + "; ".join(event.problems)


def _plugin_loaded(event: events.PluginLoaded) -> str:
    version = f" {event.version}" if event.version else ""
    return f"plugin {event.plugin}{version} loaded ({event.carrier}): {plural(event.schedules, 'schedule')}"


_TELLERS: dict[type, Teller] = {
    events.EngineStarted: lambda e: (
        f"engine started: {plural(e.schedules, 'schedule')}, node {e.node}, pid {e.pid}"
    ),
    events.EngineStopping: lambda e: f"engine stopping: {e.reason}",
    events.EngineStopped: lambda _: "engine stopped",
    events.RunQueued: lambda e: f"{e.schedule_id} queued",
    events.RunStarted: _run_started,
    events.RunFinished: _run_finished,
    events.RunRetryScheduled: _retry,
    events.RunAdopted: lambda e: f"{e.schedule_id} outlived its engine and is watched again, pid {e.pid}",
    events.SlotSkipped: _skipped,
    events.SlotsMissed: _missed,
    events.SchedulePaused: _paused,
    events.ScheduleResumed: lambda e: f"{e.schedule_id} resumed by {e.actor}",
    events.ScheduleExhausted: lambda e: f"{e.schedule_id} has no more slots",
    events.CircuitOpened: lambda e: (
        f"{e.schedule_id} circuit opened after {plural(e.failures, 'failure')}, tries again at {to_iso(e.reset_at)}"
    ),
    events.CircuitHalfOpened: lambda e: f"{e.schedule_id} circuit half open, one run is let through",
    events.CircuitClosed: lambda e: f"{e.schedule_id} circuit closed",
    events.ScheduleDefined: lambda e: f"{e.schedule_id} {'created' if e.is_new else 'changed'} by {e.actor}",
    events.ScheduleDeleted: lambda e: f"{e.schedule_id} deleted by {e.actor}",
    events.CatalogReloaded: _reloaded,
    events.CatalogRefused: _refused,
    events.PluginLoaded: _plugin_loaded,
    events.PluginFailed: lambda e: f"plugin {e.plugin} could not be loaded: {e.reason}",
    events.PluginStale: lambda e: (
        f"plugin {e.plugin} could not be loaded anew, what it declared before stays in force: {e.reason}"
    ),
    events.PluginUnloaded: lambda e: f"plugin {e.plugin} unloaded: {e.reason}",
    events.PluginRefused: lambda e: f"plugin {e.plugin}: {e.schedule_id} is not in force: {e.reason}",
    events.ClockJumped: lambda e: e.detail,
    events.ZoneDataChanged: lambda _: "time-zone data changed, all next fires computed afresh",
    events.StoreTroubled: lambda e: f"the ledger cannot be written, nothing starts until it can: {e.detail}",
    events.StoreHealed: lambda _: "the ledger can be written again",
    events.Warned: lambda e: e.detail,
    events.MessageLogged: lambda e: f"{e.channel}: {e.text}",
}
