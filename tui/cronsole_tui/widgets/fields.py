"""What a field of text has yet to take of what was typed into it."""

import asyncio
from contextlib import suppress
from typing import Final

from textual.widgets import Input

# Only a field that is about to close takes longer.
_SETTLING_SECONDS: Final = 1.0


async def settled(field: Input) -> None:
    """Return when a field has taken all that was typed into it: keys come to it by a queue of its own."""
    has_taken = asyncio.Event()
    field.call_later(has_taken.set)
    with suppress(TimeoutError):
        async with asyncio.timeout(_SETTLING_SECONDS):
            await has_taken.wait()
