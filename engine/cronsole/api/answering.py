"""Answers: JSON bodies, the links between pages, and entity tags."""

import asyncio
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response

from cronsole.api.asking import AnyRequest, has_seen
from cronsole.api.contract import JSON
from cronsole.model.view import Page, ScheduleDetail

T = TypeVar("T")

# About a millisecond of work.
_ITEMS_AT_ONCE: Final = 250
_encoder: Final = msgspec.json.Encoder()


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Return a value as JSON."""
    return Response(_encoder.encode(value), status_code=status, media_type=JSON, headers=headers)


def page(request: AnyRequest, found: Page[T], cursor: str) -> Response[bytes]:
    """Return a page; its Link header leads to the next one under the same question."""
    if found.next is None:
        return answer(found)
    asked = parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True)
    query = [(name, value) for name, value in asked if name != cursor]
    target = f"{request.scope['path']}?{urlencode([*query, (cursor, found.next)])}"
    return answer(found, headers={"Link": f'<{target}>; rel="next"'})


async def long_page(request: AnyRequest, found: Page[T], cursor: str) -> Response[bytes]:
    """Return a page of any length: it is encoded in slices, between which the loop goes on."""
    shell = page(request, msgspec.structs.replace(found, items=()), cursor)
    head, empty, tail = shell.content.partition(b"[]")
    assert empty, "an empty page has an empty list of items"
    slices = []
    for start in range(0, len(found.items), _ITEMS_AT_ONCE):
        slices.append(_encoder.encode(found.items[start : start + _ITEMS_AT_ONCE])[1:-1])
        await asyncio.sleep(0)
    shell.content = b"".join((head, b"[", b",".join(slices), b"]", tail))
    return shell


def definition(request: AnyRequest, detail: ScheduleDetail, status: int = 200) -> Response[bytes]:
    """Return a schedule with the entity tag of its definition; nothing but the tag to who has seen it."""
    etag = detail.schedule.etag
    headers = {"ETag": f'"{etag}"'}
    if request.method == "GET" and has_seen(request, etag):
        return Response(b"", status_code=304, media_type=JSON, headers=headers)
    return answer(detail, status, headers)
