"""Writes definitions as lines of a crontab, as far as cron can say them."""

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cronsole.config.secrets import has_reference

_NAMES: Final = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
_FIELD: Final = rf"(?:[0-9*/,-]|{_NAMES})+"
_EXPRESSION: Final = re.compile(rf"{_FIELD}( {_FIELD}){{4}}", re.IGNORECASE | re.ASCII)
_SAID: Final = frozenset(
    {"id", "cron", "timezone", "command", "env", "cwd", "enabled", "description", "tags", "overlap"}
)
_ALLOWS: Final = "allow"


class Exported(msgspec.Struct, frozen=True):
    """The lines of a crontab, and of each schedule what of it cron cannot say."""

    text: str
    told: tuple[str, ...]


class _Unsayable(Exception):
    """Cron has no words for it."""


def export_crontab(definitions: list[Mapping[str, Any]], *, timezone: str) -> Exported:
    """Return a user's crontab for a machine in a zone; what cron cannot say becomes a comment, and is told."""
    lines: list[str] = []
    told: list[str] = []
    zone = timezone
    for definition in definitions:
        schedule_id = definition["id"]
        lines.append(f"# {schedule_id}" + _described(definition))
        try:
            line = _line(definition)
        except _Unsayable as reason:
            lines += [f"# not in a crontab: {reason}", ""]
            told.append(f"{schedule_id} is left out: {reason}")
            continue
        if definition.get("timezone", timezone) != zone:
            zone = definition["timezone"]
            lines.append(f"CRON_TZ={zone}")
            told.append(f"{schedule_id} needs CRON_TZ={zone}, which cronie knows and Debian's cron ignores")
        lines += [line if definition.get("enabled", True) else f"# {line}", ""]
        if lost := _lost(definition):
            told.append(f"{schedule_id} loses {', '.join(lost)}")
    return Exported("\n".join(lines), tuple(told))


def _described(definition: Mapping[str, Any]) -> str:
    description = " ".join(str(definition.get("description", "")).split())
    return f": {description}" if description else ""


def _line(definition: Mapping[str, Any]) -> str:
    return f"{_when(definition)} {_command(definition)}"


def _when(definition: Mapping[str, Any]) -> str:
    expression = definition.get("cron")
    if expression is None:
        trigger = next((key for key in ("every", "at", "after") if key in definition), "its trigger")
        raise _Unsayable(f"cron has no word for `{trigger}`")
    if expression == "@startup":
        return "@reboot"
    if not _EXPRESSION.fullmatch(expression):
        raise _Unsayable(f"cron cannot read `{expression}`")
    return str(expression)


def _command(definition: Mapping[str, Any]) -> str:
    run = definition.get("command")
    if run is None:
        raise _Unsayable("it runs no command")
    if "user" in definition:
        raise _Unsayable(f"it runs as {definition['user']}: put it into that user's crontab")
    if "env_file" in definition:
        raise _Unsayable("cron reads no env_file")
    env = definition.get("env", {})
    if any(has_reference(text.replace("$${", "")) for text in (*_texts(run), *env.values())):
        raise _Unsayable("it refers to a secret")
    command = run if isinstance(run, str) else shlex.join(run)
    settings = "".join(f"{name}={shlex.quote(value)} " for name, value in env.items())
    if settings:
        command = f"export {settings.rstrip()}; {command}"
    if "cwd" in definition:
        command = f"cd {shlex.quote(definition['cwd'])} || exit; {command}"
    if not command.isprintable():
        raise _Unsayable("a crontab has no room for several lines")
    return command.replace("$${", "${").replace("%", r"\%")


def _texts(run: str | list[str]) -> list[str]:
    return [run] if isinstance(run, str) else list(run)


def _lost(definition: Mapping[str, Any]) -> list[str]:
    """Return the keys that mean something here and nothing to cron, which lets runs overlap."""
    lost = [key for key in definition if key not in _SAID]
    return lost if definition.get("overlap") == _ALLOWS else [*lost, "overlap"]
