"""The events file of a simulation: TOML, JSON, or a happening a line, with a place for every fault."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from cronsole.errors import ConfigError, CronsoleError, TriggerError, nearest
from cronsole.model.settings import Configuration
from cronsole.simulate.happenings import Happenings, ReloadAt, Target
from cronsole.triggers.duration import parse_duration
from cronsole.triggers.parse import parse_at

Reads: TypeAlias = Callable[[ReloadAt], Configuration | None]

_INSTANTS = frozenset({"at", "from", "to", "until"})
_DURATIONS = frozenset({"by", "fixed", "min", "max", "median", "stop"})


def load_happenings(path: Path, read: Reads, timezone: str = "UTC") -> Happenings:
    """Return what the file says; ConfigError tells all of its faults.

    Times without an offset are local in the zone. `read` is handed each reload and returns the configuration
    that comes into force, or None when it has faults.
    """
    try:
        tables = _tables(path)
    except OSError as fault:
        raise ConfigError([f"{path}: {fault.strerror}"]) from fault
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ConfigError([f"{path}: {fault}"]) from fault
    happenings = _convert(path, tables, timezone)
    reloads = tuple(
        msgspec.structs.replace(each, config=str(path.parent / each.config)) for each in happenings.reload
    )
    reloads = tuple(msgspec.structs.replace(each, configuration=read(each)) for each in reloads)
    return msgspec.structs.replace(happenings, reload=reloads)


def check_names(path: Path, happenings: Happenings, schedule_ids: Iterable[str]) -> None:
    """Refuse schedules that no configuration has: they would be happenings without an effect."""
    known = set(schedule_ids)
    for each in happenings.reload:
        if each.configuration is not None:
            known.update(schedule.id for schedule in each.configuration.schedules)
    faults = []
    for name in happenings.__struct_fields__:
        for number, each in enumerate(getattr(happenings, name), start=1):
            if isinstance(each, Target) and each.schedule is not None and each.schedule not in known:
                near = nearest(each.schedule, known)
                hint = f"; {near!r} is" if near else ""
                faults.append(f"{path}: {name} {number}: no schedule is called {each.schedule!r}{hint}")
    if faults:
        raise ConfigError(faults)


def _tables(path: Path) -> dict[str, list[object]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        return _lists(path, tomllib.loads(text))
    if path.suffix == ".json":
        return _lists(path, msgspec.json.decode(text))
    if path.suffix in (".jsonl", ".ndjson"):
        return _lines(path, text)
    raise ConfigError([f"{path}: an events file ends in .toml, .json, .jsonl or .ndjson"])


def _lists(path: Path, document: object) -> dict[str, list[object]]:
    if not isinstance(document, dict):
        raise ConfigError([f"{path}: a table of lists is expected, such as [[pause]]"])
    faults = [f"{path}: {name}: a list is expected" for name, each in document.items() if not _is_list(each)]
    if faults:
        raise ConfigError(faults)
    return document


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _lines(path: Path, text: str) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        table = msgspec.json.decode(line)
        if not isinstance(table, dict) or not isinstance(table.get("kind"), str):
            raise ConfigError([f'{path}:{number}: each line has its kind: {{"kind": "pause", "at": …}}'])
        found.setdefault(table.pop("kind"), []).append(table)
    return found


def _convert(path: Path, tables: Mapping[str, list[object]], timezone: str) -> Happenings:
    known = Happenings.__struct_fields__
    faults: list[str] = []
    read: dict[str, list[object]] = {}
    for name, entries in tables.items():
        if name not in known:
            near = nearest(name, known)
            faults.append(f"{path}: nothing is called {name!r}" + (f"; {near!r} is" if near else ""))
            continue
        read[name] = []
        for number, entry in enumerate(entries, start=1):
            try:
                read[name].append(_checked(name, _values(entry, timezone)))
            except (CronsoleError, ValueError) as fault:
                faults.append(f"{path}: {name} {number}: {fault}")
    if faults:
        raise ConfigError(faults)
    return Happenings(**{name: tuple(entries) for name, entries in read.items()})  # type: ignore[arg-type] # each was converted to its field's type


def _checked(name: str, values: object) -> object:
    made: Happenings = msgspec.convert({name: [values]}, Happenings)
    entry: object = getattr(made, name)[0]
    return entry


def _values(entry: object, timezone: str) -> object:
    if not isinstance(entry, dict):
        return entry
    return {key: _value(key, value, timezone) for key, value in entry.items()}


def _value(key: str, value: object, timezone: str) -> object:
    if key == "slots" and isinstance(value, list):
        return [_value("at", each, timezone) for each in value]
    if key in _INSTANTS:
        return _instant(key, value, timezone)
    if key in _DURATIONS:
        return _duration(key, value)
    return value


def _instant(key: str, value: object, timezone: str) -> int:
    text = value.isoformat() if isinstance(value, datetime) else value
    if not isinstance(text, str):
        raise ConfigError([f"{key}: a time is expected, such as 2026-03-29T01:00:00Z"])
    try:
        return parse_at(text, timezone)
    except TriggerError as fault:
        raise ConfigError([f"{key}: {fault}"]) from fault


def _duration(key: str, value: object) -> int:
    if not isinstance(value, str):
        raise ConfigError([f"{key}: a duration is expected, such as 90s or 1h30m"])
    sign = -1 if value.startswith("-") else 1
    try:
        return sign * parse_duration(value.lstrip("+-"))
    except TriggerError as fault:
        raise ConfigError([f"{key}: {fault}"]) from fault
