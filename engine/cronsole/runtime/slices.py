"""Work over many things at once, in slices between which the engine goes on."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from cronsole.clock import Clock

T = TypeVar("T")

_SLICE_SECONDS = 0.005


async def in_slices(clock: Clock, items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items, and let others run whenever they have taken a while."""
    began = clock.monotonic()
    for item in items:
        yield item
        if clock.monotonic() - began > _SLICE_SECONDS:
            await asyncio.sleep(0)
            began = clock.monotonic()
