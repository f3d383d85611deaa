from typing import get_args

import pytest

from cronsole.model import event as events
from cronsole.model.event import Event, Level
from cronsole.model.instant import from_iso
from cronsole.model.run import Cause, Range, RunState, SkipReason
from cronsole.narration import level_of, sentence

NOW = from_iso("2026-11-20T02:33:10Z")
SLOT = from_iso("2026-11-20T02:30Z")


def finished(state: RunState, detail: str = "") -> Event:
    return events.RunFinished(NOW, "gc", "r1", state, 1, 3_100, 0, detail)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (finished(RunState.SUCCEEDED), "gc succeeded after 3.1s"),
        (finished(RunState.FAILED, "exit code 1"), "gc failed after 3.1s: exit code 1"),
        (finished(RunState.TIMED_OUT, "timed out after 3s"), "gc timed out after 3s"),
        (
            events.RunStarted(NOW, "gc", "r1", Cause.SLOT, 1, 7, SLOT, SLOT, False, 12),
            "gc started for 2026-11-20T02:30Z, 3m 10s late",
        ),
        (
            events.RunStarted(NOW, "gc", "r1", Cause.CATCHUP, 2, 7, SLOT, NOW, True, 12),
            "gc started, attempt 2, catch-up for 2026-11-20T02:30Z",
        ),
        (events.RunStarted(NOW, "gc", "r1", Cause.MANUAL, 1, 7, None, NOW, False, 12), "gc started, manual"),
        (
            events.SlotSkipped(NOW, "gc", SLOT, SkipReason.CIRCUIT_OPEN, ""),
            "gc skipped for 2026-11-20T02:30Z: circuit open",
        ),
        (
            events.SlotsMissed(NOW, "gc", Range(3, SLOT, NOW)),
            "gc missed 3 slots: 2026-11-20T02:30Z to 2026-11-20T02:33:10Z",
        ),
        (
            events.SchedulePaused(NOW, "gc", SLOT, "deploy", "ops"),
            "gc paused by ops until 2026-11-20T02:30Z: deploy",
        ),
        (
            events.MessageLogged(NOW, "gc", "ops", "r1.failure", Level.ERROR, "gc failed: exit code 1"),
            "ops: gc failed: exit code 1",
        ),
        (
            events.PluginLoaded(NOW, "withings", "process", 2, "1.4.0"),
            "plugin withings 1.4.0 loaded (process): 2 schedules",
        ),
        (
            events.PluginFailed(NOW, "withings", "it has no manifest"),
            "plugin withings could not be loaded: it has no manifest",
        ),
        (
            events.PluginStale(NOW, "withings", "typo"),
            "plugin withings could not be loaded anew, what it declared before stays in force: typo",
        ),
        (
            events.PluginUnloaded(NOW, "withings", "disabled in the configuration"),
            "plugin withings unloaded: disabled in the configuration",
        ),
        (
            events.PluginRefused(NOW, "withings", "withings/pull", "the manifest lists no command pull"),
            "plugin withings: withings/pull is not in force: the manifest lists no command pull",
        ),
        (
            events.CatalogReloaded(NOW, ("a",), (), ("b",)),
            "configuration reloaded, 1 added: a; 1 removed: b",
        ),
    ],
)
def test_an_event_is_told_in_one_sentence(event: Event, told: str) -> None:
    assert sentence(event) == told


def test_every_kind_of_event_can_be_told() -> None:
    from cronsole.narration import _TELLERS

    assert set(_TELLERS) == set(get_args(Event))


def test_failures_are_loud() -> None:
    assert level_of(finished(RunState.LOST)) is Level.ERROR
    assert level_of(finished(RunState.SUCCEEDED)) is Level.INFO
    assert level_of(events.PluginFailed(NOW, "p", "typo")) is Level.ERROR
    assert level_of(events.PluginStale(NOW, "p", "typo")) is Level.WARNING
    assert level_of(events.PluginRefused(NOW, "p", "p/poll", "typo")) is Level.WARNING
