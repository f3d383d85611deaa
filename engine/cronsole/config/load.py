"""Files to a configuration: every file read, every fault collected, each with its place."""

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import msgspec

from cronsole.config.advice import Advisor
from cronsole.config.api_keys import read_api
from cronsole.config.channels import advise_channel, read_channels
from cronsole.config.engine_keys import read_settings
from cronsole.config.files import Document, Unreadable, folder_of, included, is_pattern, is_yaml, read_text
from cronsole.config.keys import Key, Scope, attempt, read_table, table_of
from cronsole.config.plugin_sections import PluginSections, handed_over
from cronsole.config.problems import MISSING, Fault, Flaw, plain, sentence, unknown, wrong_kind
from cronsole.config.references import resolve_table
from cronsole.config.tasks import Folder, TaskReader
from cronsole.config.toml_document import TomlDocument
from cronsole.config.values import texts, word
from cronsole.errors import ConfigError
from cronsole.model.channel import Channel
from cronsole.model.instant import Instant
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.settings import BUILT_IN_PROVIDER, Api, Configuration, Settings

_MOST_WARNINGS: Final = 200
_DEEPEST_INCLUDE: Final = 32
_OF_MAIN_FILE: Final = ("engine", "scheduled", "notify", "api")
_TOP: Final = ("tasks", "defaults", "include", "plugins", "plugin_roots", *_OF_MAIN_FILE)


def load(path: str | os.PathLike[str], *, environ: Mapping[str, str], now: Instant) -> Configuration:
    """Return what a file and those that it includes say; ConfigError tells of everything that is wrong.

    `environ` is what `${env:…}` refers to; warnings are given as of `now`.
    """
    with _uncollected():
        return _Loading(environ, now).run(os.fspath(path))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector out while only what stays is made: it would walk through all of it, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _File(msgspec.Struct, frozen=True):
    """A file on its way: its name as given, what it holds, and the names of those that include it."""

    name: str
    document: Document
    chain: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        return os.path.dirname(os.path.abspath(self.name))


class _Loading:
    """One load: what was read so far, and what was wrong with it."""

    def __init__(self, environ: Mapping[str, str], now: Instant) -> None:
        self._environ = environ
        self._advisor = Advisor(now)
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._unsaid = 0
        self._files: dict[str, str] = {}
        self._folders: set[str] = set()
        self._schedules: list[Schedule] = []
        self._taken: dict[str, Origin] = {}
        self._plugins = PluginSections(environ)
        self._timezone = Settings().timezone
        self._reader = TaskReader(Settings(), environ)

    def run(self, name: str) -> Configuration:
        settings = Settings()
        try:
            main = self._open(name, ())
        except Unreadable as fault:
            self._refuse(name, fault)
        else:
            settings = self._settings(main)
            settings = msgspec.structs.replace(settings, channels=self._channels(main), api=self._api(main))
            self._timezone = settings.timezone
            self._reader = TaskReader(settings, self._environ, self._names(main))
            self._take(main, {})
            settings = self._plugins.within(settings)
            # A plugin that comes or goes is noticed by its folder.
            self._folders.update(self._plugins.roots)
            for warning in self._plugins.warnings:
                self._warn(warning)
            try:
                self._schedules = handed_over(self._schedules, settings)
            except Fault as fault:
                self._note(main, "", fault.flaws)
        if self._problems:
            raise ConfigError(self._problems)
        if self._unsaid:
            self._warnings.append(f"{plain(name)}: and {self._unsaid:,} more warnings")
        return Configuration(
            settings,
            tuple(self._schedules),
            tuple(self._files.values()),
            tuple(self._warnings),
            tuple(sorted(self._folders)),
        )

    def _open(self, name: str, chain: tuple[str, ...]) -> _File:
        """Return a file ready to be read; Unreadable says why it cannot be."""
        real = os.path.realpath(name) if "\0" not in name else name
        self._files[real] = name
        text = read_text(name)
        if is_yaml(name):
            from cronsole.config.yaml_document import YamlDocument

            return _File(name, YamlDocument(text), (*chain, real))
        return _File(name, TomlDocument(text), (*chain, real))

    def _refuse(self, name: str, fault: Unreadable) -> None:
        place = plain(name) + (f":{fault.line}" if fault.line else "")
        column = f" (column {fault.column})" if fault.column else ""
        self._problems.append(f"{place}: {fault.message}{column}")

    def _settings(self, main: _File) -> Settings:
        settings = Settings()
        for key in ("engine", "scheduled"):
            value = main.document.top.get(key)
            if value is None:
                continue
            resolved = self._resolved(main, key, value)
            try:
                if key == "engine":
                    settings = attempt(read_settings, resolved, Scope(folder=main.folder))
                else:
                    provider = read_table(resolved, _SCHEDULED, Scope())
                    settings = msgspec.structs.replace(settings, **provider)
            except Fault as fault:
                self._note(main, "", fault.under(key, value))
        return settings

    def _api(self, main: _File) -> Api:
        value = main.document.top.get("api")
        if value is None:
            return Api()
        resolved = self._resolved(main, "api", value)
        try:
            found: Api = attempt(read_api, resolved, Scope(folder=main.folder))
        except Fault as fault:
            self._note(main, "", fault.under("api", value))
            return Api()
        return found

    def _channels(self, main: _File) -> tuple[Channel, ...]:
        value = main.document.top.get("notify")
        if value is None:
            return ()
        try:
            channels = read_channels(value, Scope(folder=main.folder), self._environ)
        except Fault as fault:
            self._note(main, "", fault.under("notify", value))
            return ()
        for channel in channels:
            line = main.document.line_of(("notify", channel.name))
            for warning in advise_channel(channel):
                self._warn(f"{plain(main.name)}:{line}: notify.{plain(channel.name)}: {warning}")
        return channels

    def _names(self, main: _File) -> tuple[str, ...]:
        """Return the names of the channels, those with faults too: tasks that name them are not to blame."""
        value = main.document.top.get("notify")
        return tuple(map(str, value)) if isinstance(value, dict) else ()

    def _resolved(self, file: _File, key: str, value: object) -> object:
        """Return the value of a top-level key without references; of a table, what can be told of it."""
        flaws: list[Flaw] = []
        if isinstance(value, dict):
            found: object = resolve_table(value, self._environ, flaws)
            flaws = [Flaw((key, *flaw.path), flaw.value, flaw.message) for flaw in flaws]
        else:
            found = resolve_table({key: value}, self._environ, flaws).get(key, [])
        self._note(file, "", flaws)
        return found

    def _take(self, file: _File, inherited: Mapping[str, object]) -> None:
        """Read a file's own tasks, then the files that it includes."""
        top = file.document.top
        self._check_top(file)
        scope = Scope(self._timezone, file.folder)
        self._note(file, "", self._plugins.take(file.name, file.document, scope))
        defaults = dict(inherited)
        if "defaults" in top:
            try:
                defaults = self._reader.defaults(
                    top["defaults"], inherited, file.folder, has_references=file.document.has_references
                )
            except Fault as fault:
                self._note(file, "", fault.under("defaults", top["defaults"]))
        try:
            self._take_tasks(file, Folder(file.folder, defaults))
        except Unreadable as fault:
            self._refuse(file.name, fault)
        for pattern in self._includes(file):
            self._include(file, pattern, defaults)

    def _check_top(self, file: _File) -> None:
        top = file.document.top
        for key, value in top.items():
            if key not in _TOP:
                self._note(file, "", [Flaw((key,), MISSING, unknown(key, _TOP))])
            elif key in _OF_MAIN_FILE and len(file.chain) > 1:
                self._note(
                    file, "", [Flaw((key,), MISSING, "belongs in the main file, not in an included one")]
                )
            elif key == "tasks":
                told = wrong_kind(value, "a list of tables, written as [[tasks]] headers")
                self._note(file, "", told.under(key, MISSING))
        if not top and next(file.document.entries(), None) is None:
            self._refuse(file.name, Unreadable("holds nothing; write at least one [[tasks]] entry"))

    def _take_tasks(self, file: _File, folder: Folder) -> None:
        has_references = file.document.has_references
        for index, (entry, line) in enumerate(file.document.entries()):
            if not isinstance(entry, dict):
                self._note(file, "", [Flaw(("tasks", index), entry, str(wrong_kind(entry, "a table")))])
                continue
            origin = Origin(SourceKind.FILE, file.name, line)
            try:
                schedule = self._reader.read(entry, folder, origin, has_references=has_references)
            except Fault as fault:
                flaws = sorted(fault.flaws, key=lambda flaw: self._line(file, index, flaw))
                self._note(file, _subject(index, entry), flaws, ("tasks", index))
                self._claim(file, index, entry, entry.get("id", entry.get("name")), origin)
                continue
            if not self._claim(file, index, entry, schedule.id, origin):
                continue
            self._schedules.append(schedule)
            for warning in self._advisor.advise(schedule, entry, folder.defaults):
                self._warn(f"{plain(file.name)}:{line}: {_subject(index, entry)}: {warning}")

    def _claim(
        self, file: _File, index: int, entry: Mapping[str, object], name: object, origin: Origin
    ) -> bool:
        """Note an id as taken; return whether it was free."""
        first = self._taken.setdefault(name, origin) if isinstance(name, str) else origin
        if first is origin:
            return True
        told = f"is already taken at {plain(str(first))}; every task has an id of its own"
        key = "id" if "id" in entry else "name"
        self._note(file, _subject(index, entry), [Flaw((key,), name, told)], ("tasks", index))
        return False

    def _warn(self, warning: str) -> None:
        if len(self._warnings) < _MOST_WARNINGS:
            self._warnings.append(warning)
        else:
            self._unsaid += 1

    def _includes(self, file: _File) -> tuple[str, ...]:
        value = file.document.top.get("include")
        if value is None:
            return ()
        try:
            found: tuple[str, ...] = attempt(texts, self._resolved(file, "include", value), Scope())
        except Fault as fault:
            self._note(file, "", fault.under("include", value))
            return ()
        return found

    def _include(self, file: _File, pattern: str, defaults: Mapping[str, object]) -> None:
        try:
            paths = included(pattern, os.path.dirname(file.name))
        except Unreadable as fault:
            self._refuse_include(file, pattern, fault.message)
            return
        if is_pattern(pattern):
            self._folders.add(folder_of(pattern, os.path.dirname(file.name)))
        for path in paths:
            real = os.path.realpath(path)
            if real in file.chain:
                circle = [*file.chain[file.chain.index(real) :], real]
                told = f"includes in a circle: {' → '.join(plain(self._files[name]) for name in circle)}"
                self._refuse_include(file, pattern, told)
            elif len(file.chain) >= _DEEPEST_INCLUDE:
                self._refuse_include(
                    file, pattern, f"is the {_DEEPEST_INCLUDE}th file in a chain of includes"
                )
            elif real not in self._files:
                self._take_included(file, pattern, path, defaults)

    def _take_included(self, file: _File, pattern: str, path: str, defaults: Mapping[str, object]) -> None:
        try:
            found = self._open(path, file.chain)
        except Unreadable as fault:
            if fault.line:
                self._refuse(path, fault)
            else:  # there is no place in a file that cannot be opened; who names it has one
                named = f"{plain(path)} " if is_pattern(pattern) else ""
                self._refuse_include(file, pattern, named + fault.message)
            return
        self._take(found, defaults)

    def _refuse_include(self, file: _File, pattern: str, message: str) -> None:
        self._note(file, "", [Flaw(("include",), pattern, message)])

    def _line(self, file: _File, index: int, flaw: Flaw) -> int:
        return file.document.line_of(("tasks", index, *flaw.path))

    def _note(
        self,
        file: _File,
        subject: str,
        flaws: "list[Flaw] | tuple[Flaw, ...]",
        base: tuple[str | int, ...] = (),
    ) -> None:
        for flaw in flaws:
            line = file.document.line_of((*base, *flaw.path))
            self._problems.append(sentence(f"{plain(file.name)}:{line}", subject, flaw))


def _subject(index: int, entry: Mapping[str, object]) -> str:
    name = entry.get("id", entry.get("name"))
    return f'tasks[{index}] "{plain(name, 80)}"' if isinstance(name, str) else f"tasks[{index}]"


_SCHEDULED: Final = table_of(
    Key("provider", "a name", word, "What runs the tasks; `cron` is built in.", default=BUILT_IN_PROVIDER)
)
