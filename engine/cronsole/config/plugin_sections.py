"""The plugins of all files together, and the tasks handed to one of them as their provider."""

from collections.abc import Iterable, Mapping

import msgspec

from cronsole.config.files import Document
from cronsole.config.keys import Scope, attempt
from cronsole.config.plugin_keys import read_roots, with_origin
from cronsole.config.problems import MISSING, Fault, Flaw, plain, wrong_kind
from cronsole.config.references import resolve_table
from cronsole.dialects.bext import hand_over, read_declaration
from cronsole.model.schedule import Schedule
from cronsole.model.settings import BUILT_IN_PROVIDER, PluginSettings, Settings

__all__ = ["PluginSections", "handed_over", "read_declaration"]


class PluginSections:
    """Collects `plugin_roots` and `[plugins.NAME]` file by file; each plugin is described once in all files."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.warnings: list[str] = []
        self._plugins: dict[str, PluginSettings] = {}
        self._roots: dict[str, None] = {}

    @property
    def roots(self) -> tuple[str, ...]:
        return tuple(self._roots)

    def take(self, name: str, document: Document, scope: Scope) -> list[Flaw]:
        """Take in what a file says, and return what is wrong with it; `scope` has the engine's zone."""
        flaws = self._take_roots(document.top.get("plugin_roots"), scope)
        tables = document.top.get("plugins")
        if tables is None:
            return flaws
        if not isinstance(tables, dict):
            return [*flaws, *wrong_kind(tables, "a table of plugins").under("plugins", tables)]
        for plugin, table in tables.items():
            origin = f"{name}:{document.line_of(('plugins', plugin))}"
            found = self._take_plugin(plugin, table, scope, origin)
            flaws += [Flaw(("plugins", plugin, *flaw.path), flaw.value, flaw.message) for flaw in found]
        return flaws

    def within(self, settings: Settings) -> Settings:
        """Return the settings with the plugins in them."""
        return msgspec.structs.replace(
            settings, plugins=tuple(self._plugins.values()), plugin_roots=self.roots
        )

    def _take_roots(self, value: object, scope: Scope) -> list[Flaw]:
        if value is None:
            return []
        flaws: list[Flaw] = []
        resolved = resolve_table({"plugin_roots": value}, self._environ, flaws)
        try:
            self._roots |= dict.fromkeys(attempt(read_roots, resolved.get("plugin_roots", []), scope))
        except Fault as fault:
            flaws += fault.under("plugin_roots", value)
        return flaws

    def _take_plugin(self, name: str, table: object, scope: Scope, origin: str) -> list[Flaw]:
        from cronsole.dialects.ductile import translate

        try:
            translated = translate(name, table, scope, self._environ)
        except Fault as fault:
            return list(fault.flaws)
        found = with_origin(translated.plugin, origin)
        self.warnings += [
            f"{plain(origin)}: plugins.{plain(name)}: {warning}" for warning in translated.warnings
        ]
        first = self._plugins.setdefault(name, found)
        if first is found:
            return []
        return [Flaw((), MISSING, f"is already described at {plain(first.origin)}")]


def handed_over(schedules: Iterable[Schedule], settings: Settings) -> list[Schedule]:
    """Return the tasks as schedules of their provider; the Fault of an unknown one lists those that there are."""
    provider = settings.provider
    if provider == BUILT_IN_PROVIDER:
        return list(schedules)
    from cronsole.plugins.discovery import installed

    names = installed(settings)
    if provider not in names:
        told = f"is not installed; installed are: {', '.join(names)}"
        raise Fault([Flaw(("scheduled", "provider"), provider, told)])
    return [hand_over(schedule, provider) for schedule in schedules]
