"""Definitions that stand in no file, as the API is given them: read, merged, and judged by what they ask for."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cronsole.config.problems import Fault, Flaw, sentence
from cronsole.config.secrets import has_reference
from cronsole.config.task_keys import ALIASES
from cronsole.config.task_table import Table, as_table
from cronsole.config.tasks import Folder, TaskReader
from cronsole.config.toml_entry import as_toml
from cronsole.errors import ConfigError
from cronsole.model.action import Action, Command
from cronsole.model.schedule import Origin, Schedule
from cronsole.model.settings import Settings

__all__ = ["as_table", "as_toml", "executes", "merged", "read_definition"]

_EXECUTING: Final = frozenset(
    {"command", "env", "env_file", "cwd", "user", "handler", "plugin", "call", "celery", "notify"}
)
# An expression sees the engine's environment under this name, and there is no other spelling of it.
_ENVIRONMENT: Final = re.compile(r"\benv\b")


def read_definition(
    table: Mapping[str, object], origin: Origin, *, settings: Settings, environ: Mapping[str, str]
) -> Schedule:
    """Return the schedule of a definition; ConfigError tells of everything that is wrong with it.

    There is no folder for relative paths to start from, and no `[defaults]` fill it in; its zone is the engine's
    unless it names one.
    """
    reader = TaskReader(settings, environ, tuple(channel.name for channel in settings.channels))
    try:
        schedule = reader.read(dict(table), Folder(), origin, has_references=_has_reference(table))
    except Fault as fault:
        raise _refused(fault.flaws) from fault
    flaws = tuple(_relative_paths(schedule.action))
    if flaws:
        raise _refused(flaws)
    return schedule


def merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> Table:
    """Return a definition with changes merged in as RFC 7396 has it: null takes away, tables merge, all else replaces.

    The second spelling of a key takes the place of the first.
    """
    respelled = {ALIASES.get(name) for name in changes}
    try:
        return _merge({key: value for key, value in table.items() if key not in respelled}, changes)
    except RecursionError as fault:
        raise ConfigError(["definition: is nested too deeply"]) from fault


def executes(table: Mapping[str, Any]) -> bool:
    """Tell whether a definition does more than record, call a URL or publish, or refers to the environment or files.

    A key that nobody knows does neither: it is refused when the definition is read.
    """
    if not _EXECUTING.isdisjoint(table) or _has_reference(table):
        return True
    conditions = table.get("conditions")
    expression = conditions.get("expression") if isinstance(conditions, Mapping) else None
    return isinstance(expression, str) and _ENVIRONMENT.search(expression) is not None


def _refused(flaws: tuple[Flaw, ...]) -> ConfigError:
    return ConfigError(sentence("definition", "", flaw) for flaw in flaws)


def _merge(table: Mapping[str, Any], changes: Mapping[str, Any]) -> Table:
    result = dict(table)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = _merge(before if isinstance(before, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def _has_reference(table: Mapping[str, object]) -> bool:
    """Tell whether a reference stands in any text, keys included, however deep."""
    rest: list[object] = [table]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            if has_reference(value):
                return True
        elif isinstance(value, Mapping):
            rest.extend(value.keys())
            rest.extend(value.values())
        elif isinstance(value, list | tuple):
            rest.extend(value)
    return False


def _relative_paths(action: Action) -> Iterator[Flaw]:
    if isinstance(action, Command):
        for key, path in (("env_file", action.env_file), ("cwd", action.cwd)):
            if path is not None and not Path(path).is_absolute():
                told = "is relative, and what stands in no file has no folder to start from; write it in full"
                yield Flaw((key,), path, told)
