"""The one table of what keys do: bindings, footer, help and the README's table are all made from it."""

import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from cronsole.errors import ConfigError, nearest


class Scope(StrEnum):
    """Where an action holds. Keys may repeat between places that are never on the screen together."""

    EVERYWHERE = "everywhere"
    TABLE = "tables"
    SCHEDULES = "schedules"
    TIMELINE = "timeline"
    RUNS = "runs"
    EVENTS = "events"
    PLUGINS = "plugins"
    LOG = "log"


class Action(NamedTuple):
    """One thing to do: the name that people remap, its keys, one line of help, and a word for the footer."""

    name: str
    keys: tuple[str, ...]
    scope: Scope
    help: str
    label: str = ""


ACTIONS: tuple[Action, ...] = (
    Action("help", ("question_mark",), Scope.EVERYWHERE, "help for where you are", "help"),
    Action(
        "palette",
        ("colon", "ctrl+p"),
        Scope.EVERYWHERE,
        "every verb, schedule, plugin, theme and host by name",
        "command",
    ),
    Action("quit", ("q", "ctrl+c"), Scope.EVERYWHERE, "quit"),
    Action("undo", ("u",), Scope.EVERYWHERE, "take back the last pause or resume"),
    Action("back", ("escape",), Scope.EVERYWHERE, "back; clears filter, then marks"),
    Action("view_schedules", ("1",), Scope.EVERYWHERE, "the schedules"),
    Action("view_timeline", ("2",), Scope.EVERYWHERE, "the timeline"),
    Action("view_runs", ("3",), Scope.EVERYWHERE, "the runs"),
    Action("view_monitors", ("4",), Scope.EVERYWHERE, "the monitors"),
    Action("view_nodes", ("5",), Scope.EVERYWHERE, "the nodes"),
    Action("view_events", ("6",), Scope.EVERYWHERE, "the events"),
    Action("view_plugins", ("i",), Scope.EVERYWHERE, "the plugins"),
    Action("previous_view", ("left_square_bracket",), Scope.EVERYWHERE, "the view before"),
    Action("next_view", ("right_square_bracket",), Scope.EVERYWHERE, "the view after"),
    Action("zone", ("z",), Scope.EVERYWHERE, "times on your clock, or on the schedule's"),
    Action("reload", ("R",), Scope.EVERYWHERE, "reload the configuration: shows the plan, then asks"),
    Action("redraw", ("ctrl+l",), Scope.EVERYWHERE, "draw the screen anew"),
    Action("down", ("j", "down"), Scope.TABLE, "down"),
    Action("up", ("k", "up"), Scope.TABLE, "up"),
    Action("top", ("g", "home"), Scope.TABLE, "to the top"),
    Action("bottom", ("G", "end"), Scope.TABLE, "to the bottom"),
    Action("page_down", ("pagedown",), Scope.TABLE, "a page down"),
    Action("page_up", ("pageup",), Scope.TABLE, "a page up"),
    Action("half_down", ("ctrl+d",), Scope.TABLE, "half a page down"),
    Action("half_up", ("ctrl+u",), Scope.TABLE, "half a page up"),
    Action("open", ("enter",), Scope.TABLE, "open what is under the cursor", "open"),
    Action(
        "filter", ("slash",), Scope.TABLE, "filter: words, !word, state: tag: plugin: source: host:", "filter"
    ),
    Action("copy", ("c",), Scope.TABLE, "copy what is under the cursor"),
    Action("sort", ("s",), Scope.SCHEDULES, "sort by the next column"),
    Action("reverse", ("S",), Scope.SCHEDULES, "reverse the order"),
    Action("zoom", ("plus",), Scope.SCHEDULES, "more room for the panel, or none"),
    Action("trigger", ("t",), Scope.SCHEDULES, "start a run now", "trigger"),
    Action(
        "trigger_with", ("T",), Scope.SCHEDULES, "start a run with a payload, through its gates, or at a time"
    ),
    Action("pause", ("p",), Scope.SCHEDULES, "pause or resume", "pause"),
    Action("pause_with", ("P",), Scope.SCHEDULES, "pause with a reason and an end, or resume with catch-up"),
    Action("log", ("l",), Scope.SCHEDULES, "the log of its latest run", "log"),
    Action("log_failed", ("L",), Scope.SCHEDULES, "the log of the latest run that failed"),
    Action("why", ("w",), Scope.SCHEDULES, "why it ran, did not, or will", "why"),
    Action("stop", ("x",), Scope.SCHEDULES, "stop a run; ctrl+x does so from within the filter", "stop"),
    Action("kill", ("X",), Scope.SCHEDULES, "kill a run"),
    Action("retry", ("r",), Scope.SCHEDULES, "run again what failed last", "retry"),
    Action("backfill", ("b",), Scope.SCHEDULES, "run a range of the past: says how many first"),
    Action("new", ("n",), Scope.SCHEDULES, "a new schedule", "new"),
    Action("edit", ("e",), Scope.SCHEDULES, "edit; that of a file opens $EDITOR at its line", "edit"),
    Action("delete", ("D",), Scope.SCHEDULES, "delete"),
    Action("mark", ("space",), Scope.SCHEDULES, "mark: verbs are for all that is marked", "mark"),
    Action("mark_all", ("asterisk",), Scope.SCHEDULES, "mark all that the filter shows"),
    Action("follow", ("f",), Scope.SCHEDULES, "start a run and follow its log"),
    Action("history", ("h",), Scope.SCHEDULES, "its runs"),
    Action("worst", ("m",), Scope.TIMELINE, "to where most start at once, in the next 24 hours", "busiest"),
    Action("heatmap", ("H",), Scope.TIMELINE, "the week: planned load, then past failures", "week"),
    Action("zoom_in", ("plus",), Scope.TIMELINE, "closer", "closer"),
    Action("zoom_out", ("minus",), Scope.TIMELINE, "wider", "wider"),
    Action("earlier", ("left",), Scope.TIMELINE, "earlier"),
    Action("later", ("right",), Scope.TIMELINE, "later"),
    Action("to_now", ("0",), Scope.TIMELINE, "back to now", "now"),
    Action("failures", ("f",), Scope.RUNS, "what failed in the last two hours", "failures"),
    Action("run_retry", ("r",), Scope.RUNS, "run it again", "retry"),
    Action("run_log", ("l",), Scope.RUNS, "its log", "log"),
    Action("run_why", ("w",), Scope.RUNS, "why", "why"),
    Action("run_stop", ("x",), Scope.RUNS, "stop the run", "stop"),
    Action("run_kill", ("X",), Scope.RUNS, "kill the run"),
    Action("audit", ("a",), Scope.EVENTS, "the audit trail, or the events again", "audit"),
    Action("plugin_call", ("t",), Scope.PLUGINS, "call a command by hand, with a payload", "call"),
    Action("plugin_follow", ("f",), Scope.PLUGINS, "call a command by hand and follow its log"),
    Action("plugin_reload", ("r",), Scope.PLUGINS, "load it anew", "reload"),
    Action("plugin_health", ("h",), Scope.PLUGINS, "ask it how it is", "health"),
    Action("plugin_log", ("l",), Scope.PLUGINS, "the log of what was called here, or ran last", "log"),
    Action("plugin_schedules", ("s",), Scope.PLUGINS, "its schedules, in their own view", "schedules"),
    Action("plugin_reset", ("b",), Scope.PLUGINS, "close its circuits, so that its commands are tried again"),
    Action("find", ("slash",), Scope.LOG, "find", "find"),
    Action("find_next", ("n",), Scope.LOG, "the next one"),
    Action("find_previous", ("N",), Scope.LOG, "the one before"),
    Action("wrap", ("w",), Scope.LOG, "wrap long lines", "wrap"),
    Action("times", ("T",), Scope.LOG, "the times of lines", "times"),
    Action("copy_log", ("y",), Scope.LOG, "copy the log", "copy"),
    Action("pager", ("P",), Scope.LOG, "open it in $PAGER", "pager"),
)

_BY_NAME = {action.name: action for action in ACTIONS}

# Those that show or open one thing are for the schedule at the cursor, whatever is marked.
OF_ONE = frozenset({"follow", "edit", "log", "log_failed", "history", "why"})

# Which scopes are on the screen together.
_MEETING = {
    Scope.EVERYWHERE: frozenset(Scope),
    Scope.TABLE: frozenset({Scope.SCHEDULES, Scope.TIMELINE, Scope.RUNS, Scope.EVENTS, Scope.PLUGINS}),
}

_SPOKEN = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "asterisk": "*",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
_KEYS = {spoken: key for key, spoken in _SPOKEN.items()}

# Keys that terminals or their multiplexers keep for themselves.
_FORBIDDEN = ("ctrl+s", "ctrl+q", "ctrl+z")


# Where a terminal's name for a sign is not that of Unicode.
_RENAMED = {"commercial_at": "at", "low_line": "underscore", "reverse_solidus": "backslash"}
_UNICODE_NAMES = {ours: theirs for theirs, ours in _RENAMED.items()}


def spoken(key: str) -> str:
    """Return a key as people write it."""
    if key in _SPOKEN:
        return _SPOKEN[key]
    try:
        sign = unicodedata.lookup(_UNICODE_NAMES.get(key, key).replace("_", " "))
    except KeyError:
        return key
    return sign if len(key) > 1 and sign.isprintable() and not sign.isspace() else key


def _key(spelling: str) -> str:
    """Return the key that people write so: signs are known by their names."""
    if spelling in _KEYS or len(spelling) != 1 or spelling.isalnum():
        return _KEYS.get(spelling, spelling)
    name = unicodedata.name(spelling).lower().replace(" ", "_").replace("-", "_")
    return _RENAMED.get(name, name)


def remapped(wishes: Mapping[str, str | Iterable[str]]) -> tuple[Action, ...]:
    """Return the table with other keys for some actions; ConfigError tells of every wish that cannot be met."""
    problems: list[str] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for name, keys in wishes.items():
        if name not in _BY_NAME:
            near = nearest(name, _BY_NAME)
            problems.append(f"keys.{name}: no action is called so" + (f"; {near} is" if near else ""))
            continue
        wished = (keys,) if isinstance(keys, str) else tuple(keys)
        problems += [f"keys.{name}: {key} {told}" for key in wished if (told := _refused(key))]
        chosen[name] = tuple(map(_key, wished))
    found = tuple(action._replace(keys=chosen.get(action.name, action.keys)) for action in ACTIONS)
    problems += overlaps(found)
    if problems:
        raise ConfigError(problems)
    return found


def _refused(key: str) -> str:
    if key in _FORBIDDEN:
        return "is kept by terminals for themselves"
    if key.startswith("alt+"):
        return "does not come through every terminal"
    return "is a function key, which many terminals keep" if key[:1] == "f" and key[1:].isdigit() else ""


def overlaps(actions: Iterable[Action]) -> list[str]:
    """Return a sentence for each key that would do two things in one place."""
    taken: list[tuple[str, Action]] = []
    problems: list[str] = []
    for action in actions:
        for key in action.keys:
            problems += [
                f"keys.{action.name}: {spoken(key)} is {other.name} already"
                for other_key, other in taken
                if key == other_key and _meet(action.scope, other.scope)
            ]
            taken.append((key, action))
    return problems


def _meet(one: Scope, other: Scope) -> bool:
    return one is other or other in _MEETING.get(one, ()) or one in _MEETING.get(other, ())


def of_scopes(actions: Iterable[Action], scopes: Iterable[Scope]) -> tuple[Action, ...]:
    """Return the actions that hold in some places, in the order of the table."""
    wanted = frozenset(scopes)
    return tuple(action for action in actions if action.scope in wanted)
