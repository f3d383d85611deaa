"""A night at a shop: its schedules, and what they did until shortly before the pictures are taken."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec
from tests.tui.stage import past_run

from cronsole.config.load import load
from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND, Instant, Millis, from_iso, to_datetime
from cronsole.model.run import Run, RunState, SkipReason
from cronsole.model.schedule import Schedule
from cronsole.triggers.compile import compile_trigger

OPENED_AT = "2026-11-20T02:31:58Z"
"""When the engine starts: two schedules fire between then and the pictures, and run on."""
PICTURED_AFTER_S = 72

_FILE = Path(__file__).with_name("fleet.toml")
_KNOWN_AS = "/etc/cronsole/shop.toml"
_MOST_SLOTS = 60
_USUAL_S = {
    "cache/warm-edge": 41.0, "reports/traffic": 370.0, "db/backup": 245.0, "search/reindex": 152.0, "db/vacuum": 128.0,
    "crm/sync": 8.2, "mail/queue": 1.4, "metrics/rollup": 2.2, "shop/price-feed": 12.0, "media/thumbnails": 19.0,
    "dns/zone-check": 1.1, "sessions/purge": 3.6, "git/mirror": 27.0, "logs/rotate": 4.4, "search/snapshot": 151.0,
    "billing/close-day": 74.0, "certs/renew": 6.1, "shop/nightly-report": 58.0, "billing/charge-cards": 212.0,
    "backup/verify": 930.0,
}  # fmt: skip

_WARM_OUTPUT = """\
warming https://shop.example/ for 100 pages, 8 at a time
GET /                               \x1b[32m200\x1b[0m   48 ms
GET /offers                         \x1b[32m200\x1b[0m   61 ms
GET /category/shoes                 \x1b[32m200\x1b[0m  102 ms
GET /category/shoes?page=2          \x1b[32m200\x1b[0m   97 ms
GET /category/coats                 \x1b[32m200\x1b[0m   88 ms
GET /category/coats?page=2          \x1b[33m504\x1b[0m 30.0 s  Gateway Timeout, trying again
GET /category/hats                  \x1b[32m200\x1b[0m   93 ms
GET /category/coats?page=2          \x1b[31m504\x1b[0m 30.0 s  Gateway Timeout
GET /brand/solveig                  \x1b[32m200\x1b[0m   77 ms
GET /brand/nordvik                  \x1b[31m504\x1b[0m 30.0 s  Gateway Timeout
\x1b[1mwarm: 3 of 100 pages failed\x1b[0m
"""


def schedules() -> list[Schedule]:
    """Return the schedules as the engine of the shop has read them."""
    found = load(_FILE, environ={}, now=from_iso(OPENED_AT)).schedules
    return [
        msgspec.structs.replace(each, origin=msgspec.structs.replace(each.origin, name=_KNOWN_AS))
        for each in found
    ]


def history(fleet: list[Schedule]) -> list[Run]:
    """Return the last runs of all of them."""
    return [run for each in fleet if each.enabled for run in _runs_of(each)]


def _runs_of(schedule: Schedule) -> Iterator[Run]:
    opened_at = from_iso(OPENED_AT)
    trigger = compile_trigger(
        schedule.trigger,
        schedule_id=schedule.id,
        timezone=schedule.timezone,
        dst=schedule.dst,
        anchor_at=opened_at,
    )
    slot = trigger.previous(opened_at)
    for back in range(_MOST_SLOTS):
        if slot is None:
            return
        yield _run(schedule.id, slot, back)
        slot = trigger.previous(slot - 1)


def _run(schedule_id: str, slot: Instant, back: int) -> Run:
    """Return what became of a slot; `back` is 0 for the latest."""
    took_ms = _took(schedule_id, slot, back)
    match schedule_id, back:
        case "cache/warm-edge", 0 | 1 | 4:
            failed = past_run(
                schedule_id, slot, RunState.FAILED, took_ms=took_ms, exit_code=1, output=_WARM_OUTPUT
            )
            return msgspec.structs.replace(failed, attempt=3, detail="exit code 1")
        case "reports/traffic", 0:
            ended = past_run(
                schedule_id, slot, RunState.TIMED_OUT, took_ms=20 * MINUTE, output="querying …\n"
            )
            return msgspec.structs.replace(ended, detail="ran longer than 20m")
        case "shop/price-feed", _ if not 6 * HOUR <= slot % DAY < 22 * HOUR:
            skipped = past_run(schedule_id, slot, RunState.SKIPPED)
            return msgspec.structs.replace(
                skipped,
                reason=SkipReason.HOURS,
                started_at=None,
                detail=f"{to_datetime(slot):%H:%M}; runs in 06:00–22:00",
            )
    return past_run(schedule_id, slot, took_ms=took_ms, exit_code=0, output="done\n")


def _took(schedule_id: str, slot: Instant, back: int) -> Millis:
    """Return how long a run takes: as long as usual, give or take a fifth, and one schedule longer by the week."""
    spread = blake2b(f"{schedule_id}{slot}".encode(), digest_size=1).digest()[0] / 255
    slower = 1 + max(0, 12 - back) / 14 if schedule_id == "db/backup" else 1.0
    return round(_USUAL_S[schedule_id] * (0.8 + 0.4 * spread) * slower * SECOND)
