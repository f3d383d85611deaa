"""Who this engine is: a fresh node id at each start, the ids of its runs, and its fences."""

from cronsole.model.instant import Instant
from cronsole.model.run import Cause, Range, Run, RunState


class Identity:
    """Mints run ids, which sort by time of creation, and fences, which only rise."""

    def __init__(self, *, node: str, boot_id: str, started_at: Instant, first_fence: int) -> None:
        self.node = node
        self.boot_id = boot_id
        self.started_at = started_at
        self._fence = first_fence - 1
        self._last_ms = 0
        self._serial = 0

    def new_run_id(self, now: Instant) -> str:
        """Return `<milliseconds><serial><node>` in hex: unique in a fleet, ordered by creation on a node."""
        if now > self._last_ms:
            self._last_ms, self._serial = now, 0
        else:
            self._serial += 1
        return f"{run_id_prefix(self._last_ms)}{self._serial:05x}{self.node}"

    def new_fence(self) -> int:
        self._fence += 1
        return self._fence

    def new_run(
        self,
        schedule_id: str,
        cause: Cause,
        now: Instant,
        *,
        due_at: Instant | None = None,
        stands_for: Range | None = None,
        actor: str = "",
        payload: str = "",
        detail: str = "",
        bypassed: str = "",
    ) -> Run:
        """Return a queued run that no slot brings about."""
        return Run(
            run_id=self.new_run_id(now),
            schedule_id=schedule_id,
            cause=cause,
            state=RunState.QUEUED,
            due_at=now if due_at is None else due_at,
            created_at=now,
            stands_for=stands_for,
            is_catchup=cause is Cause.CATCHUP,
            fence=self.new_fence(),
            node=self.node,
            boot_id=self.boot_id,
            actor=actor,
            payload=payload,
            detail=detail,
            bypassed=bypassed,
        )


def run_id_prefix(at: Instant) -> str:
    return f"{at:011x}"


def folder_of(run_id: str) -> str:
    """Return the folder that the run shares with others of the same five hours: one folder of all would be slow."""
    return run_id[:5]
