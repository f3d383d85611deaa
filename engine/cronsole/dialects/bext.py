"""The words of bext: the schedules that a Python plugin declares, and the tasks that a provider is handed.

The `[[tasks]]` of that system are read by the configuration itself, in both spellings.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from cronsole.config.definition import read_definition
from cronsole.config.secrets import escaped
from cronsole.model.action import PluginCall, Record
from cronsole.model.policy import Overlap
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import BUILT_IN_PROVIDER, Settings
from cronsole.plugins.author import Schedule as Declaration

_ENVIRON: Final[Mapping[str, str]] = {}


def read_declaration(plugin: str, declared: Declaration, settings: Settings) -> Schedule:
    """Return the schedule that a plugin declares; ConfigError tells of everything that is wrong with it.

    Overlap always skips, and a schedule that names no zone is in UTC, whatever the engine's zone is.
    """
    table: dict[str, object] = {
        "id": declared.id,
        "description": _opaque(declared.description),
        "timezone": declared.timezone,
        "plugin": plugin,
        "jitter_ms": declared.jitter_ms,
        "missed_run_policy": declared.missed_run_policy,
        "locking": declared.locking,
        "overlap": Overlap.SKIP.value,
    }
    triggers = {"cron": declared.cron, "every": declared.every, "at": declared.at}
    table |= {key: value for key, value in triggers.items() if value is not None}
    if declared.config_json:
        table["config_json"] = _opaque(declared.config_json)
    if declared.timeout_ms is not None:
        table["timeout"] = f"{declared.timeout_ms}ms"
    origin = Origin(SourceKind.PLUGIN, plugin)
    return read_definition(table, origin, settings=settings, environ=_ENVIRON)


def hand_over(schedule: Schedule, provider: str) -> Schedule:
    """Return a task as a schedule of the provider: what it does is the provider's to carry out."""
    if provider == BUILT_IN_PROVIDER:
        return schedule
    action = schedule.action
    if isinstance(action, PluginCall) and action.plugin == provider:
        return schedule
    task = "" if isinstance(action, Record) else msgspec.json.encode(action).decode()
    return msgspec.structs.replace(schedule, action=PluginCall(provider, task=task))


def _opaque(text: object) -> object:
    """Keep what looks like a reference as the text that it is: nothing of a declaration is interpreted."""
    return escaped(text) if isinstance(text, str) else text
