"""Everything that can be asked for by name."""

from collections.abc import Iterable

from cronsole_tui.fleet import Fleet
from cronsole_tui.keymap import Action, spoken
from cronsole_tui.screens.choose import Choice
from cronsole_tui.sources import text_of

BETWEEN = "\x1e"
VERB, SCHEDULE, THEME, HOST = "verb", "schedule", "theme", "host"

_KEY_CELLS = 10

# What is done with the keys themselves.
_LEFT_OUT = frozenset(
    {"palette", "up", "down", "top", "bottom", "page_up", "page_down", "half_up", "half_down"}
)


def choices(actions: Iterable[Action], fleet: Fleet, themes: Iterable[str]) -> list[Choice]:
    """Return the verbs of where one is, then themes and hosts, then every schedule."""
    found = [
        Choice(
            VERB + BETWEEN + action.name,
            action.name.replace("_", " "),
            f"{_keys(action):<{_KEY_CELLS}}{action.help}",
            action.help,
        )
        for action in actions
        if action.name not in _LEFT_OUT
    ]
    found += [Choice(THEME + BETWEEN + theme, f"theme {theme}") for theme in themes]
    found += [Choice(HOST + BETWEEN + host.name, f"host {host.name}") for host in fleet.hosts]
    found += [
        Choice(SCHEDULE + BETWEEN + text_of(entry.key), entry.schedule.id, entry.schedule.description)
        for entry in fleet
    ]
    return found


def _keys(action: Action) -> str:
    return " ".join(spoken(key) for key in action.keys)
