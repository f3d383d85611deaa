"""What answers questions about an engine, wired."""

from collections.abc import Callable

import msgspec

from cronsole.catalog import Catalog
from cronsole.clock import Clock
from cronsole.planning.gates import Surroundings
from cronsole.runtime.feed import Feed
from cronsole.runtime.gauges import Pulse, Tally
from cronsole.runtime.ground import Ground
from cronsole.runtime.limits import RunLimits
from cronsole.runtime.listing import Listing
from cronsole.runtime.logs import Logs
from cronsole.runtime.run_pages import RunPages
from cronsole.runtime.why import Why
from cronsole.store.base import Ledger


class Reads(msgspec.Struct, frozen=True):
    """What answers questions."""

    ledger: Ledger
    catalog: Catalog
    listing: Listing
    run_pages: RunPages
    logs: Logs
    why: Why
    feed: Feed
    tally: Tally
    pulse: Pulse


def reads_of(
    ground: Ground,
    *,
    catalog: Catalog,
    ledger: Ledger,
    limits: RunLimits,
    logs: Callable[[Clock, Ledger, RunPages], Logs],
    surroundings: Callable[[], Surroundings],
) -> Reads:
    """Return what answers questions about an engine; it hears of events from here on."""
    clock, lanes = ground.clock, ground.lanes
    rows = RunPages(clock, ledger, lanes)
    read_logs = logs(clock, ledger, rows)
    feed = Feed(clock, ground.identity.node)
    ground.bus.listen(feed.note)
    ground.bus.listen(read_logs.note)
    why = Why(clock, ledger, ground.journal, limits, surroundings=surroundings, shadows_of=catalog.shadows_of)
    return Reads(
        ledger=ledger,
        catalog=catalog,
        listing=Listing(clock, lanes),
        run_pages=rows,
        logs=read_logs,
        why=why,
        feed=feed,
        tally=Tally(clock, lanes),
        pulse=Pulse(clock),
    )
