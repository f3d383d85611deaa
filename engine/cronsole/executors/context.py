"""What a Python handler, or the `run` of a Python plugin, is handed."""

import logging
from typing import TYPE_CHECKING

from cronsole.executors.base import Job
from cronsole.executors.faults import told
from cronsole.executors.notes import Notes
from cronsole.model.action import PluginCall
from cronsole.model.instant import Instant

if TYPE_CHECKING:
    from cronsole.plugins.own_schedules import OwnSchedules


class RunContext:
    """One attempt, as its handler sees it. `log` may be called from any thread; its lines become the output.

    `tenant_id` and `site_id` are None: an engine works for one tenant.
    """

    __slots__ = ("_job", "_logger", "_notes", "_schedules", "deadline_ms", "site_id", "tenant_id")

    def __init__(self, job: Job, notes: Notes, now: Instant, schedules: "OwnSchedules | None" = None) -> None:
        self._job = job
        self._notes = notes
        self._logger: logging.Logger | None = None
        self.deadline_ms: Instant | None = None if job.timeout_ms is None else now + job.timeout_ms
        self._schedules = schedules
        self.tenant_id: str | None = None
        self.site_id: str | None = None

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

    @property
    def schedules(self) -> "OwnSchedules":
        """Makes, pauses, resumes, deletes and shows schedules of the plugin's own; a handler has none."""
        if self._schedules is None:
            raise RuntimeError("only a plugin makes schedules while it runs; this is a handler")
        return self._schedules

    @property
    def action_json(self) -> str:
        """The action of a `[[tasks]]` entry that was handed to this plugin as its provider; empty where it has none."""
        return self._job.action.task if isinstance(self._job.action, PluginCall) else ""

    @property
    def logger(self) -> logging.Logger:
        """A logger of this attempt alone, whose lines become the output."""
        if self._logger is None:
            # Not one of those that `getLogger` keeps for ever.
            self._logger = logging.Logger(f"cronsole.run.{self._job.run_id}")
            self._logger.addHandler(_NotesHandler(self._notes))
        return self._logger

    def log(self, text: object) -> None:
        """Add lines to the output of the run."""
        self._notes.add(f"{text}\n")


class _NotesHandler(logging.Handler):
    """Writes lines to the output of a run; what is more than information says so."""

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception as fault:  # noqa: BLE001 - a slip in a line is the run's, and no more than a line
            text = (
                f"{record.msg!r} could not be formatted at {record.pathname}:{record.lineno}: {told(fault)}"
            )
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        self._notes.add(f"{level}{text}\n")
