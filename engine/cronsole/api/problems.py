"""Errors as RFC 9457 problem documents: the one place that knows which HTTP status each is."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from cronsole.api.access import Unauthenticated
from cronsole.api.callers import TooManyAttempts
from cronsole.errors import (
    ConfigError,
    CronsoleError,
    Forbidden,
    KeyReused,
    MissingExtra,
    NotNow,
    NotOurs,
    ScheduleDisabled,
    ScheduleExists,
    StaleDefinition,
    StoreCorrupt,
    StoreUnavailable,
    TriggerError,
    UnknownCommand,
    UnknownPlugin,
    UnknownRun,
    UnknownSchedule,
    UnknownTimezone,
)
from cronsole.model.view import Problem

MEDIA: Final = "application/problem+json"
URN: Final = "urn:cronsole:problem:"

_LONGEST_DETAIL: Final = 4_000


class InvalidRequest(CronsoleError):
    """The request is not of the form that the API accepts."""


class Misdirected(CronsoleError):
    """The request names another host, or comes from a page of another site."""


STATUS: Final[dict[type[CronsoleError], int]] = {
    InvalidRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    UnknownSchedule: 404,
    UnknownRun: 404,
    UnknownPlugin: 404,
    UnknownCommand: 404,
    NotNow: 409,
    NotOurs: 409,
    ScheduleDisabled: 409,
    ScheduleExists: 409,
    StaleDefinition: 412,
    Misdirected: 421,
    ConfigError: 422,
    KeyReused: 422,
    MissingExtra: 422,
    TriggerError: 422,
    UnknownTimezone: 422,
    TooManyAttempts: 429,
    StoreUnavailable: 503,
    StoreCorrupt: 503,
}
"""The status of each error; any other that a user can act on is a 400."""

TITLES: Final = {
    400: "The request cannot be understood",
    401: "Who asks is not known",
    403: "That is not allowed",
    404: "There is nothing here by that name",
    405: "That method does not go with this path",
    409: "That does not go with the present state",
    412: "The definition has changed meanwhile",
    413: "The request is too large",
    415: "The body has to be JSON",
    421: "The request is meant for somebody else",
    422: "The content cannot be used",
    429: "Too many attempts",
    500: "Something went wrong in the engine",
    503: "The engine cannot do that at present",
}

_HTTP_KINDS: Final = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "no-json"}
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


def kind_of(error: type[CronsoleError]) -> str:
    """Return the type of a problem: the URN with the error's name, such as `…:unknown-schedule`."""
    return URN + _CAPITAL.sub("-", error.__name__).lower()


def problem_of(error: Exception, instance: str = "") -> Problem:
    """Return what is told of an error; of one that is our own fault, nothing but that."""
    if isinstance(error, CronsoleError):
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
        faults = error.problems if isinstance(error, ConfigError) else ()
        kind = next((kind for kind in type(error).__mro__ if kind in STATUS), InvalidRequest)
        return _problem(kind_of(kind), status, str(error), instance, faults)
    if isinstance(error, HTTPException) and error.status_code < 500:
        status = error.status_code if error.status_code in TITLES else 400
        kind_name = _HTTP_KINDS.get(status, "invalid-request")
        detail = "" if isinstance(error, ValidationException) else error.detail
        return _problem(URN + kind_name, status, "" if status in (404, 405) else detail, instance)
    return _problem(f"{URN}internal", 500, "it is in the engine's log", instance)


def _problem(kind: str, status: int, detail: str, instance: str, problems: tuple[str, ...] = ()) -> Problem:
    return Problem(
        type=kind,
        title=TITLES[status],
        status=status,
        detail=detail[:_LONGEST_DETAIL],
        instance=instance,
        problems=problems,
    )


def headers_of(error: Exception) -> dict[str, str]:
    """Return the headers that go with an error."""
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": 'Bearer realm="cronsole"'}
        case TooManyAttempts():
            return {"Retry-After": str(error.wait_seconds)}
        case StoreUnavailable():
            return {"Retry-After": "5"}
        case HTTPException() if error.headers:
            return {name: value for name, value in error.headers.items() if name.lower() == "allow"}
        case _:
            return {}


def handler(warn: Callable[[str], None]) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """Return the handler of every exception: it answers with a problem, and tells the log of what is our own fault."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        path = str(request.scope.get("path", ""))
        problem = problem_of(error, path)
        if problem.status == 500:
            warn(f"{request.method} {path} failed in the API: {type(error).__name__}: {error}")
        return Response(
            content=msgspec.json.encode(problem),
            status_code=problem.status,
            media_type=MEDIA,
            headers=headers_of(error),
        )

    return handle
