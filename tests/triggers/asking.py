"""Short questions to triggers, so that a test reads as one sentence."""

from cronsole.model.instant import from_iso, to_iso
from cronsole.model.trigger import DstPolicy
from cronsole.triggers.base import Trigger
from cronsole.triggers.compile import compile_trigger
from cronsole.triggers.parse import parse_trigger


def trigger(
    text: str, timezone: str = "UTC", dst: str = "cron", *, schedule_id: str = "a", anchor: str = ""
) -> Trigger:
    return compile_trigger(
        parse_trigger(text),
        schedule_id=schedule_id,
        timezone=timezone,
        dst=DstPolicy(dst),
        anchor_at=from_iso(anchor) if anchor else 0,
    )


def fires(asked: Trigger, after: str, count: int) -> list[str]:
    found, at = [], from_iso(after)
    for _ in range(count):
        fire = asked.next(at)
        if fire is None:
            break
        found.append(to_iso(fire))
        at = fire
    return found


def between(asked: Trigger, after: int, until: int) -> list[int]:
    found, at = [], after
    while (fire := asked.next(at)) is not None and fire <= until:
        found.append(fire)
        at = fire
    return found


def backwards(asked: Trigger, after: int, until: int) -> list[int]:
    found, at = [], until
    while (fire := asked.previous(at)) is not None and fire > after:
        found.append(fire)
        at = fire - 1
    return found[::-1]
