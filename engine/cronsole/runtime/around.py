"""What gates ask about the world around a schedule: the engine's environment, who is there, how it ran last."""

from collections.abc import Callable, Mapping

from cronsole.model.run import Run
from cronsole.planning import conditions
from cronsole.planning.gates import Surroundings
from cronsole.runtime.lane import Lanes


class Around:
    """Called, it returns how things stand now."""

    def __init__(self, lanes: Lanes, environ: Mapping[str, str], *, environment: Callable[[], str]) -> None:
        self._lanes = lanes
        self._environ = environ
        self._environment = environment
        self.session_active = False

    def __call__(self) -> Surroundings:
        return Surroundings(
            environment=self._environment(),
            session_active=self.session_active,
            evaluate=conditions.evaluate,
            is_holiday=conditions.is_holiday,
            env=self._environ,
            last_run=self._last_run,
        )

    def _last_run(self, schedule_id: str) -> Run | None:
        lane = self._lanes.get(schedule_id)
        return lane.last_run if lane else None
