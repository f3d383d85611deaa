"""The filter language: words, `!word`, `#tag`, and `key:value` for what a word cannot say."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from cronsole.errors import nearest
from cronsole.model.view import ScheduleStatus, ScheduleView
from cronsole_tui.views.entry import Entry, is_failing

Test: TypeAlias = Callable[[Entry], bool]


class Term(NamedTuple):
    """One term as written: `key` is empty for a word."""

    key: str
    value: str
    is_negated: bool


class Query(NamedTuple):
    """A filter that was read; `problem` says what cannot be understood, and nothing is hidden by it."""

    text: str
    terms: tuple[Term, ...] = ()
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.terms

    def select(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries that match every term."""
        found = list(entries)
        for test in [_test(term) for term in self.terms]:
            found = [entry for entry in found if test(entry)]
        return found


def split(text: str) -> list[str]:
    """Return the terms of a filter; a quote that is still open while somebody types closes at the end."""
    for closing in ("", '"', "'"):
        try:
            return shlex.split(text + closing)
        except ValueError:
            continue
    return text.split()


def quoted(text: str) -> str:
    """Return a text as one term."""
    return shlex.quote(text) if text else '""'


def terms_of(text: str, keys: Iterable[str]) -> tuple[tuple[Term, ...], str]:
    """Return the terms, and what is wrong with them."""
    known = tuple(keys)
    found: list[Term] = []
    for word in split(text):
        is_negated = word.startswith("!") and len(word) > 1
        body = word[1:] if is_negated else word
        body = f"tag:{body[1:]}" if body.startswith("#") else body
        key, colon, value = body.partition(":")
        if not colon or not key.isalpha():
            found.append(Term("", body.casefold(), is_negated))
        elif key in known:
            if value:
                found.append(Term(key, value, is_negated))
        else:
            near = nearest(key, known)
            return tuple(found), f"no key is called {key}" + (f"; {near}: is" if near else "")
    return tuple(found), ""


def read(text: str) -> Query:
    """Return the filter over schedules that a text stands for."""
    terms, problem = terms_of(text, SCHEDULE_KEYS)
    for term in terms:
        if term.key == "state" and not problem and term.value not in STATES:
            near = nearest(term.value, STATES)
            problem = f"no state is called {term.value}" + (f"; {near} is" if near else "")
            terms = tuple(each for each in terms if each is not term)
    return Query(text, terms, problem)


def _test(term: Term) -> Test:
    test = _TESTS[term.key](term.value)
    return (lambda entry: not test(entry)) if term.is_negated else test


def _word(value: str) -> Test:
    def test(entry: Entry) -> bool:
        schedule = entry.schedule
        return value in schedule.id.casefold() or value in schedule.description.casefold()

    return test


def _tag(value: str) -> Test:
    return lambda entry: value in entry.schedule.tags


def _state(value: str) -> Test:
    test = STATES[value]
    return lambda entry: test(entry.schedule)


_TESTS: Mapping[str, Callable[[str], Test]] = {
    "": _word,
    "state": _state,
    "tag": _tag,
    "plugin": lambda value: lambda entry: entry.schedule.plugin == value,
    "source": lambda value: lambda entry: entry.schedule.source == value,
    "host": lambda value: lambda entry: value in entry.host,
}

SCHEDULE_KEYS = ("state", "tag", "plugin", "source", "host")

STATES: Mapping[str, Callable[[ScheduleView], bool]] = {
    "failed": is_failing,
    "failing": is_failing,
    "late": lambda schedule: schedule.is_late,
    "running": lambda schedule: bool(schedule.running),
    "queued": lambda schedule: schedule.waiting > 0,
    "paused": lambda schedule: schedule.status is ScheduleStatus.PAUSED,
    "disabled": lambda schedule: schedule.status is ScheduleStatus.DISABLED,
    "done": lambda schedule: schedule.status is ScheduleStatus.EXHAUSTED,
    "active": lambda schedule: schedule.status is ScheduleStatus.ACTIVE,
    "ok": lambda schedule: schedule.last is not None and not is_failing(schedule),
    "never": lambda schedule: schedule.last is None,
    "new": lambda schedule: schedule.last is None,
}
