"""Reads the definition of a schedule from a file: a `[[tasks]]` entry of TOML, bare keys, or JSON."""

import sys
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import msgspec
import tomli

from cronsole.errors import ConfigError

_ENTRY: Final = "tasks"


def read_definition_file(place: str) -> dict[str, Any]:
    """Return the one definition in a file, or on stdin where the place is `-`; ConfigError says what is wrong."""
    try:
        raw = sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise ConfigError([f"{place} cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{place} is not UTF-8 text"]) from error
    return definition_of(text, "stdin" if place == "-" else place)


def definition_of(text: str, name: str) -> dict[str, Any]:
    """Return the one definition in a text; the name stands in errors."""
    table = _json(text, name) if text.lstrip().startswith("{") else _toml(text, name)
    entries = table.get(_ENTRY, [table])
    if not isinstance(entries, list) or len(entries) != 1 or not isinstance(entries[0], dict):
        raise ConfigError(
            [f"{name} holds {_count(entries)} [[tasks]] entries; one is what a schedule is made of"]
        )
    if table.keys() > {_ENTRY}:
        extra = ", ".join(sorted(table.keys() - {_ENTRY}))
        raise ConfigError(
            [f"{name} holds {extra} beside its entry; [engine] and [defaults] stand in the engine's file"]
        )
    return {key: _as_json(value) for key, value in entries[0].items()}


def _json(text: str, name: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError([f"{name} is not JSON: {error}"]) from error


def _toml(text: str, name: str) -> Mapping[str, Any]:
    try:
        return tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise ConfigError([f"{name} is not TOML: {error}"]) from error


def _as_json(value: Any) -> Any:
    """Return a value of TOML as JSON can say it: times as text."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list) else value


def _count(entries: object) -> str:
    return str(len(entries)) if isinstance(entries, list) else "no"
