"""What an engine's refusals mean: each problem document becomes the error that it was made of."""

import re
from http import HTTPStatus
from typing import Final

import msgspec

from cronsole.errors import (
    ConfigError,
    CronsoleError,
    Forbidden,
    KeyReused,
    NotNow,
    NotOurs,
    ScheduleDisabled,
    ScheduleExists,
    StaleDefinition,
    StateLocked,
    StoreCorrupt,
    StoreUnavailable,
    TriggerError,
    UnknownCommand,
    UnknownPlugin,
    UnknownRun,
    UnknownSchedule,
    UnknownTimezone,
    Unreachable,
)
from cronsole.model.view import Problem

PREFIX: Final = "urn:cronsole:problem:"


def kebab(name: str) -> str:
    """Return a class's name as a problem's type has it: `UnknownRun` is `unknown-run`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


ERRORS: Final[dict[str, type[CronsoleError]]] = {
    PREFIX + kebab(error.__name__): error
    for error in (
        Forbidden,
        KeyReused,
        NotNow,
        NotOurs,
        ScheduleDisabled,
        ScheduleExists,
        StaleDefinition,
        StateLocked,
        StoreCorrupt,
        StoreUnavailable,
        TriggerError,
        UnknownCommand,
        UnknownPlugin,
        UnknownRun,
        UnknownSchedule,
        UnknownTimezone,
    )
}
"""Every error that a sentence is enough to make; ConfigError is made of all of its problems."""

_CONFIG_ERROR: Final = PREFIX + kebab(ConfigError.__name__)
# What a proxy in front of an engine says when it cannot reach it.
_GATEWAY: Final = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_TOKEN_ADVICE: Final = "name a token that is valid there with --token-file or CRONSOLE_TOKEN"


def error_of(status: int, body: bytes) -> CronsoleError:
    """Return the error that an answer with this status stands for."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        return _without_document(status)
    if problem.type == _CONFIG_ERROR:
        return ConfigError(problem.problems or (problem.detail or problem.title,))
    sentence = problem.detail or problem.title
    if problem.problems:
        sentence = "\n".join((sentence, *problem.problems))
    if status == HTTPStatus.UNAUTHORIZED:
        return Forbidden(f"{sentence}: {_TOKEN_ADVICE}")
    return ERRORS.get(problem.type, CronsoleError)(sentence)


def _without_document(status: int) -> CronsoleError:
    if status == HTTPStatus.UNAUTHORIZED:
        return Forbidden(f"the engine does not know you: {_TOKEN_ADVICE}")
    if status == HTTPStatus.FORBIDDEN:
        return Forbidden("who asks may not do that")
    if status in _GATEWAY:
        return Unreachable(f"what stands before the engine cannot reach it (HTTP {status}): is it running?")
    return CronsoleError(f"what answers there is no engine of ours (HTTP {status}): look at the address")
