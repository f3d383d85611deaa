"""A definition as the fields of a form, and back: what the form does not show is kept as it was."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cronsole_tui.screens.form import Field, Values

FIELDS = (
    Field("id", "id", "a name that no other schedule has"),
    Field("when", "when", "*/5 * * * *, 90s, or at 2026-11-20T06:00Z"),
    Field("command", "command", "handed to /bin/sh; empty: it is only recorded"),
    Field("description", "description"),
    Field("tags", "tags", "separated by spaces"),
    Field("timezone", "timezone", "UTC"),
    Field("timeout", "timeout", "10m; none by default"),
    Field("overlap", "overlap", "skip, queue_one, queue_all, cancel_old, kill_old, allow"),
    Field("missed_run_policy", "catch-up", "run_once, skip, run_all"),
    Field("more", "more", 'other keys as JSON: {"retry": {"attempts": 2}}'),
)

_PLAIN = ("id", "description", "timezone", "timeout", "overlap", "missed_run_policy")
_SHOWN = frozenset({*_PLAIN, "command", "tags", "cron", "every", "at"})


def values_of(definition: Mapping[str, Any]) -> list[tuple[Field, str]]:
    """Return each field with what the definition says."""
    command = definition.get("command", "")
    at = definition.get("at")
    values = {name: str(definition.get(name, "")) for name in _PLAIN}
    values["when"] = f"at {at}" if at else str(definition.get("cron") or definition.get("every") or "")
    values["command"] = command if isinstance(command, str) else msgspec.json.encode(command).decode()
    values["tags"] = " ".join(definition.get("tags", ()))
    rest = {name: value for name, value in definition.items() if name not in _SHOWN}
    values["more"] = msgspec.json.encode(rest).decode() if rest else ""
    return [(field, values[field.name]) for field in FIELDS]


def definition_of(values: Values, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition that the fields stand for; ValueError says what is missing."""
    more = msgspec.json.decode(values["more"].encode()) if values["more"] else {}
    if not isinstance(more, dict):
        raise ValueError("more: takes a JSON object")
    if not values["id"]:
        raise ValueError("id: give it a name")
    if not values["when"]:
        raise ValueError("when: give it a time")
    found: dict[str, Any] = {name: values[name] for name in _PLAIN if values[name]}
    when = values["when"]
    if when.startswith("at "):
        found["at"] = when[3:].strip()
    else:
        found["every" if "every" in before and " " not in when else "cron"] = when
    if values["command"]:
        found["command"] = _command(values["command"])
    if values["tags"]:
        found["tags"] = values["tags"].split()
    return {**found, **more}


def _command(text: str) -> str | list[str]:
    if not text.startswith("["):
        return text
    command: list[str] = msgspec.json.decode(text.encode(), type=list[str])
    return command
