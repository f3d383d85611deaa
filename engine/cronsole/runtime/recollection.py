"""Recalls from the ledger how the last runs of each schedule went, in the background of a start."""

from cronsole.clock import Clock
from cronsole.errors import CronsoleError
from cronsole.model.event import Warned
from cronsole.runtime.bus import Bus
from cronsole.runtime.lane import Lane, Lanes
from cronsole.runtime.recent_runs import NO_RUNS, kept_of_each, recalled
from cronsole.store.base import Ledger

# Some milliseconds of reading, and less of the loop.
_LANES_AT_ONCE = 200


class Recollection:
    """Asks for the schedules that have run at all; what ends meanwhile comes after what is recalled."""

    def __init__(self, clock: Clock, bus: Bus, ledger: Ledger, lanes: Lanes) -> None:
        self._clock = clock
        self._bus = bus
        self._ledger = ledger
        self._lanes = lanes

    async def run(self) -> None:
        lanes = [lane for lane in self._lanes if lane.last_run is not None]
        kept = kept_of_each(len(self._lanes))
        try:
            for start in range(0, len(lanes), _LANES_AT_ONCE):
                await self._recall(lanes[start : start + _LANES_AT_ONCE], kept)
        except CronsoleError as error:
            told = f"how the last runs went is not known, and shown as they end anew: {error}"
            self._bus.publish(Warned(self._clock.now(), told))

    async def _recall(self, lanes: list[Lane], kept: int) -> None:
        found = await self._ledger.recent_outcomes([lane.id for lane in lanes], limit=kept)
        for lane in lanes:
            ended = found.get(lane.id)
            if ended:
                lane.recent = recalled(ended, lane.recent or NO_RUNS, kept=kept)
