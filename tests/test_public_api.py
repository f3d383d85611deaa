"""What an author of plugins may count on; a change here is a change of version."""

import inspect
from typing import Any

import msgspec

import cronsole
from cronsole import Locking, MissedRunPolicy, Plugin, RunContext, Schedule


def test_the_names_are_these() -> None:
    assert cronsole.__all__ == [
        "Locking",
        "MissedRunPolicy",
        "Plugin",
        "RunContext",
        "Schedule",
        "__version__",
    ]
    assert set(cronsole.__all__) <= set(dir(cronsole))


def test_a_name_that_is_not_there_is_missing_as_in_any_module() -> None:
    assert not hasattr(cronsole, "Scheduler")


def test_a_plugin_is_asked_these_things() -> None:
    assert [name for name in vars(Plugin) if not name.startswith("_")] == [
        "name",
        "priority",
        "config_json",
        "schedules",
        "run",
        "cleanup",
    ]
    plugin = Plugin()
    assert (plugin.name, plugin.priority, plugin.config_json, plugin.schedules()) == ("", 1000, "", ())
    assert plugin.cleanup() is None
    assert list(inspect.signature(plugin.run).parameters) == ["ctx"]


def test_a_schedule_has_these_fields_and_defaults() -> None:
    fields: dict[str, Any] = {field.name: field.default for field in msgspec.structs.fields(Schedule)}
    assert fields == {
        "id": msgspec.NODEFAULT,
        "cron": None,
        "description": "",
        "jitter_ms": 0,
        "missed_run_policy": MissedRunPolicy.RUN_ONCE,
        "locking": Locking.PREFER_GLOBAL,
        "config_json": "",
        "every": None,
        "at": None,
        "timezone": "UTC",
        "timeout_ms": 3_600_000,
    }


def test_a_run_is_told_these_things() -> None:
    assert {name for name in dir(RunContext) if not name.startswith("_")} == {
        "action_json",
        "attempt",
        "config_json",
        "deadline_ms",
        "fence",
        "is_catchup",
        "log",
        "logger",
        "payload",
        "run_count",
        "run_id",
        "schedule_id",
        "scheduled_at_ms",
        "schedules",
        "site_id",
        "tenant_id",
    }
