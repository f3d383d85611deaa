"""Everything that can be asked for by name."""

from collections.abc import Iterable, Sequence

from cronsole_tui.fleet import Fleet
from cronsole_tui.keymap import Action, spoken
from cronsole_tui.screens.choose import Choice, Listed
from cronsole_tui.sources import text_of
from cronsole_tui.views.entry import Entry

BETWEEN = "\x1e"
VERB, SCHEDULE, PLUGIN, THEME, HOST = "verb", "schedule", "plugin", "theme", "host"

_KEY_CELLS = 10

# What is done with the keys themselves.
_LEFT_OUT = frozenset(
    {"palette", "up", "down", "top", "bottom", "page_up", "page_down", "half_up", "half_down"}
)


class PaletteChoices:
    """A few choices, and after them every schedule."""

    def __init__(self, few: Sequence[Choice], entries: Sequence[Entry]) -> None:
        self._few = Listed(few)
        self._entries = entries

    def __len__(self) -> int:
        return len(self._few) + len(self._entries)

    def choice(self, index: int) -> Choice:
        if index < len(self._few):
            return self._few.choice(index)
        entry = self._entries[index - len(self._few)]
        return Choice(SCHEDULE + BETWEEN + text_of(entry.key), entry.schedule.id, entry.schedule.description)

    def matched(self) -> list[str]:
        return self._few.matched() + [entry.schedule.id.casefold() for entry in self._entries]


def choices(actions: Iterable[Action], fleet: Fleet, themes: Iterable[str]) -> PaletteChoices:
    """Return the verbs of where one is, then plugins, themes and hosts, then every schedule."""
    few = [
        Choice(
            VERB + BETWEEN + action.name,
            action.name.replace("_", " "),
            f"{_keys(action):<{_KEY_CELLS}}{action.help}",
            action.help,
        )
        for action in actions
        if action.name not in _LEFT_OUT
    ]
    few += [
        Choice(
            PLUGIN + BETWEEN + text_of((host.name, plugin.name)),
            f"plugin {plugin.name}",
            f"{plugin.status.value}, on {host.name}" if fleet.has_many_hosts else plugin.status.value,
        )
        for host in fleet.hosts
        for plugin in host.plugins or ()
    ]
    few += [Choice(THEME + BETWEEN + theme, f"theme {theme}") for theme in themes]
    few += [Choice(HOST + BETWEEN + host.name, f"host {host.name}") for host in fleet.hosts]
    return PaletteChoices(few, list(fleet))


def _keys(action: Action) -> str:
    return " ".join(spoken(key) for key in action.keys)
