"""Finds a name for a command that had none: what it runs, rather than what it runs it with."""

import re
from collections.abc import Container
from typing import Final

_PREPARES: Final = frozenset(
    {"cd", "test", "[", "[[", "true", "command", "umask", "export", "set", "source", "."}
)
_CARRIES: Final = frozenset(
    {
        "nice",
        "ionice",
        "chronic",
        "sudo",
        "env",
        "exec",
        "time",
        "timeout",
        "flock",
        "setsid",
        "nohup",
        "chrt",
    }
    | {
        "sh",
        "bash",
        "dash",
        "zsh",
        "ksh",
        "python",
        "python2",
        "python3",
        "perl",
        "ruby",
        "php",
        "node",
        "java",
    }
    | {"run-parts", "if", "then", "(", "{", "}", "!"}
)
_PARTED: Final = re.compile(r"&&|\|\||;|\||\n")
_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=.*")
_LONGEST: Final = 60


def name_of(command: str) -> str:
    """Return an id for a command; `job` where it holds no word to name it by."""
    for segment in _PARTED.split(command):
        name = _named_by(segment.split())
        if name:
            return name
    return "job"


def unused(name: str, taken: Container[str]) -> str:
    """Return the name, with a number where it is taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _named_by(words: list[str]) -> str:
    """Return the name in one part of a command line, none where it only prepares another part."""
    for word in words:
        name = _base(word)
        # A lock file or a device is what the command needs, not what it does.
        is_needed = word.startswith(("-", "/var/lock/", "/run/", "/tmp/", "/dev/")) or word[0].isdigit()
        if is_needed or name in _CARRIES or _ASSIGNED.fullmatch(word):
            continue
        return "" if name in _PREPARES else _fit(name)
    return ""


def _base(word: str) -> str:
    return word.strip("\"'").rstrip("/").rpartition("/")[2]


def _fit(word: str) -> str:
    return re.sub(r"[^\w.-]+", "-", word, flags=re.ASCII).strip("-.")[:_LONGEST]
