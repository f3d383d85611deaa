"""What a Python handler is handed."""

from cronsole.executors.base import Job
from cronsole.executors.notes import Notes
from cronsole.model.instant import Instant


class RunContext:
    """One attempt, as its handler sees it. `log` may be called from any thread; its lines become the output."""

    __slots__ = ("_job", "_notes", "deadline_ms")

    def __init__(self, job: Job, notes: Notes, now: Instant) -> None:
        self._job = job
        self._notes = notes
        self.deadline_ms: Instant | None = None if job.timeout_ms is None else now + job.timeout_ms

    @property
    def schedule_id(self) -> str:
        return self._job.schedule_id

    @property
    def run_id(self) -> str:
        return self._job.run_id

    @property
    def scheduled_at_ms(self) -> Instant:
        """The nominal instant of the slot; of a manual run, when it was due."""
        return self._job.due_at if self._job.slot is None else self._job.slot

    @property
    def attempt(self) -> int:
        return self._job.attempt

    @property
    def fence(self) -> int:
        return self._job.fence

    @property
    def run_count(self) -> int:
        return self._job.run_count

    @property
    def is_catchup(self) -> bool:
        return self._job.is_catchup

    @property
    def config_json(self) -> str:
        return self._job.config

    @property
    def payload(self) -> str:
        return self._job.payload

    def log(self, text: object) -> None:
        """Add lines to the output of the run."""
        self._notes.add(f"{text}\n")
