"""What every part of a running engine stands on."""

from typing import NamedTuple

from cronsole.clock import Clock
from cronsole.runtime.alarms import Alarms
from cronsole.runtime.bus import Bus
from cronsole.runtime.identity import Identity
from cronsole.runtime.journal import Journal
from cronsole.runtime.lane import Lanes


class Ground(NamedTuple):
    """The clock, the bus, the only writer to the ledger, the alarms, all lanes, and who this engine is."""

    clock: Clock
    bus: Bus
    journal: Journal
    alarms: Alarms
    lanes: Lanes
    identity: Identity
