"""Reads a crontab as Debian's cron does: variables, jobs, comments, and the lines that are neither."""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

_VARIABLE: Final = re.compile(
    r"""\s*(?:"(?P<dq>[^"]+)"|'(?P<sq>[^']+)'|(?P<name>[^\s'"=@*]+))\s*=\s*(?P<value>.*?)\s*""", re.DOTALL
)
_NICKNAME: Final = re.compile(r"\s*(?P<when>@\S+)\s+(?P<rest>\S.*)", re.DOTALL)
_FIELDS: Final = re.compile(r"\s*(?P<when>(?:\S+\s+){4}\S+)\s+(?P<rest>\S.*)", re.DOTALL)
_USER: Final = re.compile(r"(?P<user>\S+)\s+(?P<rest>\S.*)", re.DOTALL)
# What may stand in the first field of a job; anything else, and the line was never one.
_TIME: Final = re.compile(r"-?[0-9*@][^=\s]*")


class Blank(msgspec.Struct, frozen=True):
    pass


class Comment(msgspec.Struct, frozen=True):
    text: str


class Variable(msgspec.Struct, frozen=True):
    name: str
    value: str


class Job(msgspec.Struct, frozen=True):
    """`when` is an expression or a nickname; `stdin` is what followed the first percent sign, None without one."""

    when: str
    command: str
    stdin: str | None = None
    user: str | None = None


class Unread(msgspec.Struct, frozen=True):
    """A line that cron would refuse too."""

    reason: str


Line: TypeAlias = Blank | Comment | Variable | Job | Unread


class Numbered(msgspec.Struct, frozen=True):
    number: int
    text: str
    line: Line


def read_crontab(text: str, *, has_users: bool) -> Iterator[Numbered]:
    """Yield every line with its number, counted from 1; a system's crontab has a user behind the time."""
    for number, line in enumerate(text.split("\n"), 1):
        yield Numbered(number, line, _read(line.rstrip("\r"), has_users))


def _read(text: str, has_users: bool) -> Line:
    stripped = text.strip()
    if not stripped:
        return Blank()
    if stripped.startswith("#"):
        return Comment(stripped[1:].strip())
    variable = _VARIABLE.fullmatch(text)
    if variable is not None and not _TIME.match(stripped):
        name = variable["dq"] or variable["sq"] or variable["name"]
        return Variable(name, _unquoted(variable["value"]))
    return _job(text, has_users)


def _job(text: str, has_users: bool) -> Line:
    found = _NICKNAME.fullmatch(text) or _FIELDS.fullmatch(text)
    if found is None:
        return Unread("it has no five fields of time and a command")
    rest, user = found["rest"], None
    if has_users:
        named = _USER.fullmatch(rest)
        if named is None:
            return Unread("it has a user but no command, or a command but no user")
        user, rest = named["user"], named["rest"]
    command, stdin = _split_at_percent(rest)
    if not command.strip():
        return Unread("its command is empty")
    # cronie: a dash before the time keeps the job out of the system's log.
    return Job(" ".join(found["when"].removeprefix("-").split()), command.strip(), stdin, user)


def _split_at_percent(text: str) -> tuple[str, str | None]:
    """Return a command and its standard input: the first `%` parts them, further ones end lines, `\\%` is one."""
    parts: list[list[str]] = [[]]
    is_escaped = False
    for character in text:
        if character == "%" and not is_escaped:
            parts.append([])
        elif character == "%":
            parts[-1][-1] = "%"
        else:
            parts[-1].append(character)
        is_escaped = character == "\\" and not is_escaped
    command, *lines = ["".join(part) for part in parts]
    return command, "\n".join(lines) + "\n" if lines else None


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
