"""What a request says: its query, its body and the ids in its path, read strictly and within bounds."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar, get_origin, get_type_hints
from urllib.parse import parse_qsl, unquote

import msgspec
from litestar import Request

from cronsole.api.access import Caller, Permission
from cronsole.api.facade import Asker, Facade
from cronsole.api.problems import InvalidRequest
from cronsole.errors import CronsoleError, UnknownSchedule, nearest
from cronsole.model.instant import Instant, from_datetime

AnyRequest: TypeAlias = Request[Any, Any, Any]
A = TypeVar("A", bound=msgspec.Struct)

BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "limit": (1, 5_000),
    "LogQuery.limit": (1, 1024 * 1024),  # of bytes
    "count": (1, 1_000),
    "days": (1, 366),
    "bucket_ms": (1_000, 7 * 86_400_000),
    "attempt": (1, 1_000_000),
}
"""What the numbers of a question may be; any other is a whole number that a database holds."""

_WHOLE: Final = (-(2**53), 2**53)
_MOST_VALUES: Final = 1_000
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9998, 1, 1, tzinfo=UTC)
_PLUS_LOST: Final = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)", re.ASCII)
_DATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-", re.ASCII)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_ENTITY_TAG: Final = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"', re.ASCII)


def facade_of(request: AnyRequest) -> Facade:
    facade: Facade = request.app.state["facade"]
    return facade


def caller_of(request: AnyRequest) -> Caller:
    caller: Caller = request.scope["state"]["caller"]
    return caller


def is_still_welcome(request: AnyRequest) -> bool:
    """Return whether who asked may still read: a stream shall not outlive the token that opened it."""
    recognise: Callable[[], Caller] = request.scope["state"]["recognise"]
    try:
        return recognise().may(Permission.READ)
    except CronsoleError:
        return False


def asker_of(request: AnyRequest) -> Asker:
    caller = caller_of(request)
    return Asker(caller.actor, may_execute=caller.may(Permission.EXEC))


def named(segment: str) -> str:
    """Return the id that a segment of the path stands for."""
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise UnknownSchedule("the id in the path is not UTF-8") from error


def query_of(request: AnyRequest, kind: type[A]) -> A:
    """Return the query as a struct; a field that holds several is repeated."""
    fields = kinds_of(kind)
    values: dict[str, Any] = {}
    for name, value in _pairs(request):
        if name not in fields:
            meant = nearest(name[:60], fields)
            known = ", ".join(fields) or "none"
            hint = f"did you mean {meant}?" if meant else f"known are {known}"
            raise InvalidRequest(f"unknown parameter {name[:60]!r}; {hint}")
        if value.lower() == "null" and fields[name] != str | None and fields[name] is not str:
            # The conversion would take it for a parameter that was left out.
            raise InvalidRequest(f"{name} is null; leave it out instead")
        if is_repeated(fields[name]):
            values.setdefault(name, []).append(value)
        elif name in values:
            raise InvalidRequest(f"{name} is given twice")
        else:
            values[name] = _moment(name, value) if is_moment(fields[name]) else value
    return _checked(values, kind, strict=False)


async def body_of(request: AnyRequest, kind: type[A]) -> A:
    """Return the body as a struct; a body that is left out stands for its defaults."""
    return _checked(await _json_of(request, default={}), kind, strict=True)


async def definition_of(request: AnyRequest) -> dict[str, Any]:
    """Return a body with the keys of a `[[tasks]]` entry."""
    value = await _json_of(request, default=None)
    if not isinstance(value, dict):
        raise InvalidRequest("the body has to be a JSON object with the keys of a [[tasks]] entry")
    return value


def idempotency_key(request: AnyRequest) -> str:
    """Return the key under which a request does what it does once; empty where there is none."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        raise InvalidRequest("Idempotency-Key takes 1 to 255 printable characters without blanks")
    return key


def if_match(request: AnyRequest) -> str | None:
    """Return the entity tag that a change insists on; `*` and none at all insist on nothing."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    found = _ENTITY_TAG.fullmatch(header.strip())
    if found is None:
        raise InvalidRequest('If-Match takes one entity tag in quotes, such as "3f2a"')
    return found[1]


def has_seen(request: AnyRequest, etag: str) -> bool:
    """Return whether If-None-Match names the entity tag."""
    header = request.headers.get("if-none-match", "")
    return header.strip() == "*" or etag in _ENTITY_TAG.findall(header)


def instant_of(moment: datetime | None) -> Instant | None:
    return None if moment is None else from_datetime(moment)


@lru_cache(maxsize=64)
def kinds_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the fields of a struct with their types."""
    hints = get_type_hints(kind)
    return {field.encode_name: hints[field.name] for field in msgspec.structs.fields(kind)}


def is_repeated(kind: Any) -> bool:
    return get_origin(kind) is tuple


def is_moment(kind: Any) -> bool:
    """Return whether a field holds a datetime, be it optional or one of several."""
    return "datetime" in str(kind)


def _moment(name: str, value: str) -> str:
    """Return the text of a time, the sign of its offset restored; a number would be taken for seconds since 1970."""
    if not _DATED.match(value):
        raise InvalidRequest(f"{name} is no time; write 2026-11-20T09:00:00Z")
    return _PLUS_LOST.sub("+", value)


def _pairs(request: AnyRequest) -> list[tuple[str, str]]:
    raw: bytes = request.scope["query_string"]
    try:
        return parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_VALUES
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise InvalidRequest("the query is not of the form name=value&name=value in UTF-8") from error


async def _json_of(request: AnyRequest, *, default: Any) -> Any:
    body = await request.body()
    if not body:
        return default
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in ("application/json", "application/merge-patch+json"):
        # A form of another site's page can send other types unasked.
        from litestar.exceptions import HTTPException

        raise HTTPException("send the body with Content-Type: application/json", status_code=415)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from error


def _checked(values: Any, kind: type[A], *, strict: bool) -> A:
    try:
        found = msgspec.convert(values, type=kind, strict=strict)
    except (msgspec.ValidationError, OverflowError, RecursionError) as error:
        raise InvalidRequest(str(error)) from error
    _check_bounds(found)
    return found


def bounds_of(kind: type, name: str) -> tuple[int, int] | None:
    """Return what a number of a question may be, where that is narrower than any number's bounds."""
    return BOUNDS.get(f"{kind.__name__}.{name}") or BOUNDS.get(name)


def _check_bounds(found: msgspec.Struct) -> None:
    for name in found.__struct_fields__:
        value = getattr(found, name)
        match value:
            case bool():
                pass
            case int():
                least, most = bounds_of(type(found), name) or _WHOLE
                if not least <= value <= most:
                    raise InvalidRequest(f"{name} is out of range; accepted is {least:,} to {most:,}")
            case datetime():
                _check_moment(name, value)
            case msgspec.Struct():
                _check_bounds(value)
            case str() if "\0" in value:
                raise InvalidRequest(f"{name} holds a NUL character")
            case tuple() if any(isinstance(item, str) and "\0" in item for item in value):
                raise InvalidRequest(f"{name} holds a NUL character")
            case _:
                pass


def _check_moment(name: str, moment: datetime) -> None:
    if moment.tzinfo is None:
        raise InvalidRequest(
            f"{name} has no offset; write 2026-11-20T09:00:00Z or …+01:00 (in a query, %2B01:00)"
        )
    if not _EARLIEST <= moment <= _LATEST:
        raise InvalidRequest(f"{name} is out of range; accepted is 1970 to 9997")
