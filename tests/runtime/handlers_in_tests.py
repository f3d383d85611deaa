"""Handlers that runs of the tests call: told how to end, and counting how often they were called."""

import asyncio
from typing import Any

from cronsole.executors.context import RunContext

calls: list[Any] = []
gates: dict[str, asyncio.Event] = {}
failures_left: dict[str, int] = {}


def reset() -> None:
    calls.clear()
    gates.clear()
    failures_left.clear()


async def note(ctx: RunContext) -> None:
    calls.append(ctx)


async def fail(ctx: RunContext) -> None:
    calls.append(ctx)
    raise ValueError("no luck")


async def fail_at_first(ctx: RunContext) -> None:
    """Fail as often as `failures_left` says."""
    calls.append(ctx)
    if failures_left.setdefault(ctx.schedule_id, 1) > 0:
        failures_left[ctx.schedule_id] -= 1
        raise ValueError("not yet")


async def hold(ctx: RunContext) -> None:
    """Run until the test opens the gate."""
    calls.append(ctx)
    await gates.setdefault(ctx.run_id, asyncio.Event()).wait()
