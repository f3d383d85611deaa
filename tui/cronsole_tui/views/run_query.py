"""The filter language over runs, which the engine is asked: `state:failed cause:catchup since:2h took:>10s`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from cronsole.errors import nearest
from cronsole.model.ask import RunQuery
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, Millis, to_datetime
from cronsole.model.run import Cause, RunState
from cronsole_tui.views.query import Term, terms_of

RUN_KEYS = ("state", "cause", "schedule", "tag", "plugin", "since", "until", "took", "host")

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")

# Words that people use for several states.
_GROUPS = {
    "failed": (RunState.FAILED, RunState.TIMED_OUT, RunState.LOST),
    "running": (RunState.STARTING, RunState.RUNNING),
    "ok": (RunState.SUCCEEDED,),
}


class Asked(NamedTuple):
    """A filter as the engine is asked; words are left for the console, which has them in the schedules' ids."""

    text: str
    query: RunQuery = RunQuery()
    words: tuple[Term, ...] = ()
    hosts: tuple[str, ...] = ()
    problem: str = ""


def read(text: str, now: Instant) -> Asked:
    """Return the filter over runs that a text stands for."""
    terms, problem = terms_of(text, RUN_KEYS)
    fields: dict[str, object] = {}
    words: list[Term] = []
    hosts: list[str] = []
    for term in terms:
        if not term.key:
            words.append(term)
        elif term.is_negated:
            problem = problem or f"!{term.key}: is not possible here"
        elif term.key == "host":
            hosts.append(term.value)
        else:
            problem = _take(fields, term, now) or problem
    return Asked(text, msgspec.structs.replace(RunQuery(), **fields), tuple(words), tuple(hosts), problem)


def _take(fields: dict[str, object], term: Term, now: Instant) -> str:
    """Put a term into the fields of the query; return what is wrong with it."""
    match term.key:
        case "state":
            return _add(fields, "states", _states(term.value), term, [*_GROUPS, *RunState])
        case "cause":
            return _add(fields, "causes", [each for each in Cause if each == term.value], term, [*Cause])
        case "schedule" | "tag" | "plugin":
            name = {"schedule": "schedule_ids", "tag": "tags", "plugin": "plugins"}[term.key]
            return _add(fields, name, [term.value], term, [])
        case "since" | "until":
            span = duration(term.value)
            if span is None:
                return f"{term.key}: takes a duration such as 2h"
            fields[term.key] = to_datetime(now - span)
        case _:
            return _bound(fields, term.value)
    return ""


def _add(fields: dict[str, object], name: str, found: Sequence[object], term: Term, known: list[str]) -> str:
    if not found:
        near = nearest(term.value, known)
        return f"no {term.key} is called {term.value}" + (f"; {near} is" if near else "")
    before = fields.get(name, ())
    fields[name] = (*(before if isinstance(before, tuple) else ()), *found)
    return ""


def _states(word: str) -> list[object]:
    return list(_GROUPS.get(word) or (state for state in RunState if state == word.replace(" ", "_")))


def _bound(fields: dict[str, object], value: str) -> str:
    span = duration(value[1:])
    if value[:1] not in "<>" or span is None:
        return "took: takes a bound such as >10s or <1m"
    fields["took_over_ms" if value[0] == ">" else "took_under_ms"] = span
    return ""


def duration(text: str) -> Millis | None:
    """Return a duration such as `90s`, `2h` or `1h30m`; None for anything else."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return int(sum(float(number) * (1 if unit == "ms" else _UNITS[unit]) for number, unit in parts))
