"""`manifest.yaml`: what a plugin that is a process says of itself; every fault is told with its place."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from cronsole.config.files import Unreadable, read_text
from cronsole.config.problems import MISSING, Flaw, kind_of, missing, plain, sentence, wrong_kind
from cronsole.config.yaml_document import YamlDocument
from cronsole.errors import nearest
from cronsole.plugins.base import PluginFault, Verb
from cronsole.plugins.protocol2 import PROTOCOL
from cronsole.plugins.trust import check_trusted

MANIFEST: Final = "manifest.yaml"
SPEC: Final = "ductile.plugin"
VERSION: Final = 1

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_TYPES: Final = ("read", "write")


class Command(msgspec.Struct, frozen=True):
    """One command. `is_idempotent` and `is_retry_safe` are None where the plugin does not say."""

    name: str
    is_write: bool
    description: str = ""
    input_schema: str = ""
    output_schema: str = ""
    is_idempotent: bool | None = None
    is_retry_safe: bool | None = None
    consumes: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()

    def as_verb(self) -> Verb:
        return Verb(self.name, self.description, self.is_write, self.input_schema, self.output_schema)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    folder: str
    entrypoint: str
    commands: tuple[Command, ...]
    description: str = ""
    is_concurrency_safe: bool = True
    required_config: tuple[str, ...] = ()
    optional_config: tuple[str, ...] = ()

    def command(self, name: str) -> Command | None:
        return next((command for command in self.commands if command.name == name), None)

    def why_unlisted(self, name: str) -> str:
        """Return the sentence about a command that the manifest does not list."""
        listed = [command.name for command in self.commands]
        meant = nearest(name[:60], listed)
        hint = f'; did you mean "{meant}"?' if meant else f"; it lists {', '.join(listed)}"
        return f"{os.path.join(self.folder, MANIFEST)} lists no command {plain(name, 60)!r}{hint}"


def read_manifest(folder: str | Path) -> Manifest:
    """Return the manifest of a plugin's folder; PluginFault tells of everything that is wrong with it."""
    place = os.path.join(folder, MANIFEST)
    try:
        document = YamlDocument(read_text(place))
    except Unreadable as fault:
        line = f":{fault.line}" if fault.line else ""
        raise PluginFault(f"{plain(place)}{line}: {fault.message}") from fault
    flaws: list[Flaw] = []
    found = _Reading(document.top, flaws).manifest(os.path.realpath(folder))
    if flaws or found is None:
        ordered = sorted(flaws, key=lambda flaw: document.line_of(flaw.path))
        told = (sentence(f"{plain(place)}:{document.line_of(flaw.path)}", "", flaw) for flaw in ordered)
        raise PluginFault("\n".join(told))
    return found


class _Reading:
    """Reads one manifest and gathers what is wrong with it; keys that nobody knows are a later version's."""

    def __init__(self, top: Mapping[str, object], flaws: list[Flaw]) -> None:
        self._top = top
        self._flaws = flaws

    def manifest(self, folder: str) -> Manifest | None:
        self._expect("manifest_spec", SPEC)
        self._expect("manifest_version", VERSION)
        self._expect("protocol", PROTOCOL)
        required, optional = self._config_keys()
        name, version = self._text("name"), self._text("version")
        if name and not _NAME.fullmatch(name):
            self._flaw(("name",), name, "is no name; accepted are letters, digits and . _ -")
        entrypoint = self._entrypoint(folder)
        commands = self._commands()
        self._fact_outputs(commands)
        if self._flaws:
            return None
        return Manifest(
            name=name,
            version=version,
            folder=folder,
            entrypoint=entrypoint,
            commands=commands,
            description=self._optional_text(self._top, (), "description"),
            is_concurrency_safe=self._truth(self._top, (), "concurrency_safe") is not False,
            required_config=required,
            optional_config=optional,
        )

    def _flaw(self, path: tuple[str | int, ...], value: object, message: str) -> None:
        self._flaws.append(Flaw(path, value, message))

    def _expect(self, key: str, wanted: str | int) -> None:
        if key not in self._top:
            self._flaws.append(missing(key, f"is missing; it says {wanted}"))
            return
        value = self._top[key]
        if value != wanted or isinstance(value, bool):
            self._flaw((key,), value, f"is not {wanted}, the only one that is spoken here")

    def _text(self, key: str) -> str:
        value = self._top.get(key)
        if key not in self._top:
            self._flaws.append(missing(key, "is missing"))
        elif isinstance(value, int | float) and not isinstance(value, bool) and key == "version":
            return str(value)
        elif not isinstance(value, str):
            self._flaw((key,), value, str(wrong_kind(value, "text")))
        elif not value.strip() or not value.isprintable():
            self._flaw((key,), value, "is empty or holds a control character")
        else:
            return value.strip()
        return ""

    def _entrypoint(self, folder: str) -> str:
        """Return the path of the program, which must be executable and lie inside its folder."""
        for fault in untrusted(folder):
            self._flaws.append(missing("entrypoint", fault))
        given = self._text("entrypoint")
        if not given:
            return ""
        path = os.path.realpath(os.path.join(folder, given))
        if not path.startswith(folder.rstrip("/") + "/"):
            told = "leads out of its folder"
        elif not os.path.isfile(path):
            told = "is no file" if os.path.exists(path) else "does not exist"
        elif not os.access(path, os.X_OK):
            told = "is not executable; chmod +x makes it so"
        else:
            try:
                check_trusted(Path(path), Path(folder))
            except PluginFault as fault:
                told = f"is not to be run: {fault}"
            else:
                return path
        self._flaw(("entrypoint",), given, told)
        return ""

    def _commands(self) -> tuple[Command, ...]:
        value = self._top.get("commands")
        if not isinstance(value, list) or not value:
            told = "is missing" if "commands" not in self._top else f"is {kind_of(value)}"
            accepted = "a list of tables, each with name and type"
            self._flaws.append(missing("commands", f"{told}; accepted is {accepted}"))
            return ()
        found: dict[str, Command] = {}
        for index, entry in enumerate(value):
            command = self._command(entry, ("commands", index))
            if command is not None and command.name in found:
                self._flaw(("commands", index, "name"), command.name, "is listed twice")
            elif command is not None:
                found[command.name] = command
        return tuple(found.values())

    def _command(self, entry: object, path: tuple[str | int, ...]) -> Command | None:
        if not isinstance(entry, dict):
            self._flaw(path, entry, str(wrong_kind(entry, "a table with name and type")))
            return None
        known = len(self._flaws)
        name, kind = entry.get("name"), entry.get("type")
        if not isinstance(name, str) or not _NAME.fullmatch(name.strip()):
            value = name if "name" in entry else MISSING
            self._flaw((*path, "name"), value, "is no name; accepted are letters, digits and . _ -")
        if kind not in _TYPES:
            value = kind if "type" in entry else MISSING
            self._flaw((*path, "type"), value, f"accepted is one of {', '.join(_TYPES)}")
        consumes, emits = self._values(entry, path)
        schemas = {key: self._schema(entry, path, key) for key in ("input_schema", "output_schema")}
        command = Command(
            str(name).strip(),
            kind == "write",
            self._optional_text(entry, path, "description"),
            schemas["input_schema"],
            schemas["output_schema"],
            self._truth(entry, path, "idempotent"),
            self._truth(entry, path, "retry_safe"),
            consumes,
            emits,
        )
        return command if len(self._flaws) == known else None

    def _schema(self, entry: Mapping[str, Any], path: tuple[str | int, ...], key: str) -> str:
        """Return a JSON Schema as text, that of a bare table of names and types written out."""
        value = entry.get(key)
        if value is None:
            return ""
        if not isinstance(value, dict):
            self._flaw((*path, key), value, str(wrong_kind(value, "a JSON Schema, or names with types")))
            return ""
        if "type" not in value:
            properties = {
                name: {"type": item} if isinstance(item, str) else item for name, item in value.items()
            }
            value = {"type": "object", "properties": properties}
        return msgspec.json.encode(value).decode()

    def _values(
        self, entry: Mapping[str, Any], path: tuple[str | int, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of values that a command takes, and those that its events bring."""
        value = entry.get("values")
        if value is None:
            return (), ()
        if not isinstance(value, dict):
            self._flaw((*path, "values"), value, str(wrong_kind(value, "a table of consume and emit")))
            return (), ()
        emits: list[str] = []
        listed = value.get("emit")
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            if not isinstance(item, dict) or not isinstance(item.get("event"), str):
                self._flaw(
                    (*path, "values", "emit", index), item, "accepted is a table with event and values"
                )
                continue
            names = self._names(item, (*path, "values", "emit", index), "values")
            emits += [f"{item['event']}.{name}" for name in names] or [item["event"]]
        if listed is not None and not isinstance(listed, list):
            self._flaw((*path, "values", "emit"), listed, str(wrong_kind(listed, "a list of tables")))
        return self._names(value, (*path, "values"), "consume"), tuple(emits)

    def _fact_outputs(self, commands: tuple[Command, ...]) -> None:
        """Check what the plugin says of the facts in its answers: a rule for a command that is not there is a slip."""
        value = self._top.get("fact_outputs")
        if value is None:
            return
        if not isinstance(value, list):
            self._flaw(("fact_outputs",), value, str(wrong_kind(value, "a list of tables")))
            return
        listed = [command.name for command in commands]
        for index, rule in enumerate(value):
            when = rule.get("when") if isinstance(rule, dict) else None
            name = when.get("command") if isinstance(when, dict) else None
            if commands and name not in listed:
                told = f"is for the command {plain(str(name), 60)!r}; listed are {', '.join(listed)}"
                self._flaw(("fact_outputs", index), MISSING, told)

    def _config_keys(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        value = self._top.get("config_keys")
        if value is None:
            return (), ()
        if not isinstance(value, dict):
            accepted = "a table of required and optional"
            self._flaw(("config_keys",), value, str(wrong_kind(value, accepted)))
            return (), ()
        path = ("config_keys",)
        return self._names(value, path, "required"), self._names(value, path, "optional")

    def _names(self, table: Mapping[str, Any], path: tuple[str | int, ...], key: str) -> tuple[str, ...]:
        value = table.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._flaw((*path, key), value, "is not a list of names")
            return ()
        return tuple(value)

    def _optional_text(self, table: Mapping[str, Any], path: tuple[str | int, ...], key: str) -> str:
        value = table.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._flaw((*path, key), value, str(wrong_kind(value, "text")))
            return ""
        return value.strip()

    def _truth(self, table: Mapping[str, Any], path: tuple[str | int, ...], key: str) -> bool | None:
        value = table.get(key)
        if value is not None and not isinstance(value, bool):
            self._flaw((*path, key), value, str(wrong_kind(value, "true or false")))
            return None
        return value


def untrusted(folder: str) -> Iterator[str]:
    """Yield why a folder is not to be run from: whoever may write there may run what he likes as the engine."""
    try:
        found = os.stat(folder)
    except OSError as fault:
        yield f"its folder {plain(folder)} cannot be looked at: {fault.strerror}"
        return
    if found.st_mode & stat.S_IWOTH:
        yield f"its folder {plain(folder)} may be written by everybody; chmod o-w makes it safe"


def missing_config(manifest: Manifest, config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the required keys that a configuration lacks."""
    return tuple(key for key in manifest.required_config if config.get(key) in (None, ""))


def unknown_config(manifest: Manifest, config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the keys that a plugin which says what it knows does not know; secrets travel by themselves."""
    known = {*manifest.required_config, *manifest.optional_config}
    return tuple(plain(key, 60) for key in config if known and key not in known and key != "secrets")
