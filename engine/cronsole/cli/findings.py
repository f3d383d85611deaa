"""What an examination found: one line each, with what to do about it."""

from enum import StrEnum

import msgspec


class Grade(StrEnum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at: how it is, and where that is not well, what to do."""

    name: str
    grade: Grade
    told: str
    advice: str = ""


class Report(msgspec.Struct, frozen=True):
    """The answer of `cronsole doctor --json`; it is ok while nothing is bad."""

    ok: bool
    findings: tuple[Finding, ...]


def well(name: str, told: str) -> Finding:
    return Finding(name, Grade.OK, told)


def doubtful(name: str, told: str, advice: str) -> Finding:
    return Finding(name, Grade.WARN, told, advice)


def bad(name: str, told: str, advice: str) -> Finding:
    return Finding(name, Grade.BAD, told, advice)
