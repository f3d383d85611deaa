import pytest

from cronsole import Plugin, RunContext, Schedule
from cronsole.errors import CronsoleError, UnknownSchedule
from cronsole.model.run import RunState
from cronsole.testing import run_plugin


class Cleaner(Plugin):
    name = "cleaner"

    def schedules(self) -> list[Schedule]:
        return [Schedule("gc", "5m", config_json='{"a":1}'), Schedule("warm", "@daily")]

    def run(self, ctx: RunContext) -> None:
        ctx.logger.info("%s %s %s", ctx.schedule_id, ctx.is_catchup, ctx.config_json)


class Maker(Plugin):
    def schedules(self) -> list[Schedule]:
        return [Schedule("only", "5m")]

    async def run(self, ctx: RunContext) -> None:
        made = ctx.schedules.create("run", "1m")
        assert not isinstance(made, str)
        ctx.log(await made)


class Failing(Plugin):
    def schedules(self) -> list[Schedule]:
        return [Schedule("only", "5m")]

    def run(self, ctx: RunContext) -> None:
        raise ValueError(f"no luck at {ctx.scheduled_at_ms}")


def test_a_plugin_is_run_without_an_engine() -> None:
    run = run_plugin(Cleaner, "gc", is_catchup=True)
    assert (run.has_succeeded, run.output) == (True, 'gc True {"a":1}\n')


async def test_it_may_be_called_from_an_async_test_too() -> None:
    assert run_plugin(Cleaner(), "warm").output == "warm False \n"


def test_a_run_that_fails_says_why() -> None:
    run = run_plugin(Failing, scheduled_at=5)
    assert (run.state, run.detail) == (RunState.FAILED, "ValueError: no luck at 5")


def test_the_schedules_that_it_made_can_be_looked_at() -> None:
    (made,) = run_plugin(Maker).made
    assert (made.handler, made.every_ms, made.state) == ("run", 60_000, "active")


def test_a_schedule_that_it_does_not_declare_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownSchedule, match="did you mean 'gc'"):
        run_plugin(Cleaner, "gcc")
    with pytest.raises(UnknownSchedule, match="declares 2 schedules; name one of them: gc, warm"):
        run_plugin(Cleaner)


def test_what_an_engine_would_refuse_is_refused() -> None:
    class Wrong(Plugin):
        def schedules(self) -> list[Schedule]:
            return [Schedule("gc", "61 * * * *")]

    with pytest.raises(CronsoleError, match="gc: definition: cron"):
        run_plugin(Wrong)
