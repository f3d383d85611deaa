"""Nothing but a record: the attempt succeeds at once."""

from cronsole.executors.base import Ended, Job, Outcome
from cronsole.model.run import RunState

_SUCCEEDED = Outcome(RunState.SUCCEEDED)


class RecordExecutor:
    def start(self, job: Job) -> Ended:
        return Ended(_SUCCEEDED)

    async def close(self) -> None:
        """There is nothing to wait for."""
