"""Writes a definition as a `[[tasks]]` entry that can be put into a file."""

import re
from collections.abc import Mapping
from typing import Any, Final

from cronsole.config.actions import json_text

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_UNWRITABLE: Final = re.compile(r'[\x00-\x08\x0b-\x1f\x7f"\\]')
# What would end a text of several lines.
_CLOSING: Final = re.compile(r'"{3,}|"+\Z')
_NAMED: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\r": "\\r"}


def as_toml(table: Mapping[str, Any]) -> str:
    """Return a definition as one `[[tasks]]` entry of TOML; text of several lines stays readable as such."""
    entry = dict(table)
    if "config" in entry and _has_null(entry["config"]):
        # TOML has no null, which JSON text may hold.
        entry["config_json"] = json_text(entry.pop("config"))
    lines = [
        f"{_key(name)} = {_lines(value) if _is_long(value) else _value(value)}"
        for name, value in entry.items()
    ]
    return "\n".join(["[[tasks]]", *lines]) + "\n"


def _has_null(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_has_null(item) for item in value.values())
    return value is None if not isinstance(value, list) else any(_has_null(item) for item in value)


def _is_long(value: object) -> bool:
    return isinstance(value, str) and "\n" in value.rstrip("\n")


def _lines(text: str) -> str:
    body = _UNWRITABLE.sub(lambda found: found[0] if found[0] == '"' else _escape(found), text)
    body = _CLOSING.sub(lambda found: '\\"' * len(found[0]), body)
    return f'"""\n{body}"""'


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _quoted(value)
        case Mapping():
            inner = ", ".join(f"{_key(name)} = {_value(item)}" for name, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(_value(item) for item in value)}]"
    raise TypeError(f"TOML has no {type(value).__name__}")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return f'"{_UNWRITABLE.sub(_escape, text)}"'.replace("\n", "\\n")


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _NAMED.get(character, f"\\u{ord(character):04x}")
