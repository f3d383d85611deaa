"""`ctx.schedules` of Python plugins, from threads and from loops of their own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.house import House

from cronsole.api.facade import Asker
from cronsole.errors import ConfigError, CronsoleError
from cronsole.model.ask import TriggerAsk
from cronsole.model.event import RunFinished
from cronsole.model.run import RunState
from cronsole.model.settings import PluginSettings
from cronsole.plugins.own_schedules import OwnSchedules

PLUGIN = '''
import json
from cronsole import Plugin, Schedule


class Feeds(Plugin):
    name = "feeds"

    def schedules(self):
        return [Schedule(id="feeds/look", every="1d")]

    def run(self, ctx):
        """Make one, look at it, and take it away again, as the payload says: from a thread."""
        verb, *rest = json.loads(ctx.payload)
        answer = getattr(ctx.schedules, verb)(*rest)
        ctx.log(answer if isinstance(answer, str) else getattr(answer, "state", "done"))

    async def aside(self, ctx):
        """The same from a loop."""
        verb, *rest = json.loads(ctx.payload)
        answer = await getattr(ctx.schedules, verb)(*rest)
        ctx.log(answer if isinstance(answer, str) else getattr(answer, "state", "done"))

    def poll(self, ctx):
        ctx.log(f"polled {ctx.payload} {ctx.config_json!r}")
'''


class Feeds:
    def __init__(self, folder: Path) -> None:
        self.house = House(folder / "state")
        self.file = folder / "feeds.py"
        self.file.write_text(PLUGIN)
        self.verb = "run"

    async def start(self) -> None:
        await self.house.start(plugins=(PluginSettings("feeds", path=str(self.file)),))

    async def ask(self, verb: str, *rest: object) -> str:
        """Have the plugin call a method in a run of its own; return what it logged, or why it failed."""
        control, before = self.house.engine.control, len(self.house.of(RunFinished))
        definition = {"id": f"ask-{before}", "every": "1d", "plugin": "feeds", "call": self.verb}
        await control.create(definition, Asker("ann", may_execute=True), idempotency_key="")
        run_id = await control.trigger(f"ask-{before}", TriggerAsk(payload=[verb, *rest]), actor="ann")
        finished = await self.house.until(RunFinished, count=before + 1)
        run = await self.house.engine.ledger.run(run_id)
        assert run is not None
        return run.output.strip() if finished.state is RunState.SUCCEEDED else finished.detail


@pytest.fixture
async def feeds(tmp_path: Path) -> AsyncIterator[Feeds]:
    made = Feeds(tmp_path)
    yield made
    await made.house.stop()


@pytest.mark.parametrize("verb", ["run", "aside"])
async def test_a_python_plugin_gets_the_same(feeds: Feeds, verb: str) -> None:
    """Python plugins get the same as `ctx.schedules.create/pause/resume/delete/get`."""
    feeds.verb = verb
    await feeds.start()
    made = await feeds.ask("create", "poll", "1m", {"since": "last_run", "a": 1}, {"glyph": "7"})
    assert made.startswith("feeds/poll-")
    assert await feeds.ask("get", made) == "active"
    for wanted, state in (("pause", "paused"), ("resume", "active"), ("delete", "deleted")):
        assert await feeds.ask(wanted, made) == "done"
        assert await feeds.ask("get", made) == state
    assert await feeds.ask("resume", made) == (
        f"NotNow: scheduled job is deleted since 2026-11-20T00:00:00.500Z: {made}"
    )


async def test_its_runs_are_handed_the_payload_and_no_config(feeds: Feeds) -> None:
    await feeds.start()
    made = await feeds.ask("create", "poll", 60, {"since": "last_run", "a": 1})
    before = len(feeds.house.of(RunFinished))
    await feeds.house.seconds(60)
    await feeds.house.until(RunFinished, count=before + 1)
    await feeds.house.seconds(60)
    await feeds.house.until(RunFinished, count=before + 2)
    rows = await feeds.house.rows(made)
    assert [row.output.strip() for row in rows] == [
        "polled {\"a\":1} ''",
        'polled {"since":"2026-11-20T00:01:00.500Z","a":1} \'\'',
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("create", "paint", "1m"), "ConfigError: unknown handler: 'paint'; feeds has run, aside, poll"),
        (("create", "poll", "10ms"), "ConfigError: interval is 10ms; the shortest is 1s"),
        (
            ("create", "poll", "soon"),
            "TriggerError: 'soon' is not a duration: write it like 90s, 5m, 1h30m or 2d",
        ),
        (("delete", "ask-0"), "UnknownSchedule: scheduled job not found: ask-0"),
    ],
)
async def test_what_cannot_be_done_is_raised_with_a_sentence(
    feeds: Feeds, asked: tuple[str, ...], told: str
) -> None:
    await feeds.start()
    assert await feeds.ask(*asked) == told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("poll", True), "is no interval"),
        (("poll", float("nan")), "is no interval"),
        (("poll", "1m", object()), "neither text nor JSON"),
        (("poll", "1m", "", {"a": 1}), r"metadata\['a'\] is no text"),
    ],
)
def test_what_is_of_the_wrong_type_is_refused_before_anybody_is_asked(arguments: Any, told: str) -> None:
    nobody: Any = None
    own = OwnSchedules("feeds", nobody, nobody)
    with pytest.raises(ConfigError, match=told) as caught:
        own.create(*arguments)
    assert isinstance(caught.value, CronsoleError)
