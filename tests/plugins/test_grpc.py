"""The gRPC carrier against a real plugin process that speaks by code which protoc generated."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("grpc")
pytest.importorskip("grpc_tools")

from tests.plugins.pulse import Glyphs

from cronsole.dialects.pulse import PulseWords
from cronsole.executors import tree
from cronsole.executors.base import Job
from cronsole.model.action import PluginCall
from cronsole.model.policy import CircuitBreaker, Expect, Limits, Retry
from cronsole.model.run import RunState
from cronsole.model.trigger import IntervalSpec
from cronsole.plugins import supervision
from cronsole.plugins.base import LoadedPlugin, PluginFault
from cronsole.plugins.grpc import open_grpc, target_of
from cronsole.plugins.loading import PluginGround
from cronsole.testing import FakeClock

# A plugin that is a server keeps its own state, and has no declarations of Python to be read.
_NOTHING: Any = None


class NotingClock(FakeClock):
    """Keeps for how long somebody waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waited.append(seconds)
        return await super().wait(event, seconds)


class Stage:
    """A ground to open plugins on; what they warn of and ask for is kept."""

    def __init__(self, folder: Path) -> None:
        self.clock = NotingClock()
        self.folder = folder
        self.glyphs = Glyphs(folder / "glyphs")
        self.warnings: list[str] = []
        self.changed: list[str] = []
        self.open_ones: list[LoadedPlugin] = []
        (folder / "plugins").mkdir()
        self.ground = PluginGround(
            clock=self.clock,
            environ=dict(os.environ),
            folder=folder / "plugins",
            state=_NOTHING,
            schedules=_NoSchedules(),
            warn=self.warnings.append,
            read=_NOTHING,
            changed=self.changed.append,
            words=PulseWords(),
        )

    async def open(self, **settings: Any) -> LoadedPlugin:
        plugin = await open_grpc(self.glyphs.settings(**settings), self.ground)
        self.open_ones.append(plugin)
        return plugin

    async def load(self, **settings: Any) -> LoadedPlugin:
        plugin = await self.open(**settings)
        await plugin.declare()
        return plugin

    async def until(self, holds: Callable[[], object]) -> None:
        """Real processes take their time, and the clock of the back-off has to be moved."""
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.02)

    async def until_back(self, plugin: LoadedPlugin) -> None:
        async with asyncio.timeout(20):
            while not (await plugin.health()).is_well:
                await self.clock.advance(1000)
                await asyncio.sleep(0.02)

    def job(self, payload: str = "", **fields: Any) -> Job:
        job = Job(
            run_id=f"r1-{os.getpid()}",
            schedule_id="s",
            action=PluginCall("glyphs", "work"),
            attempt=1,
            fence=1,
            slot=None,
            due_at=0,
            is_catchup=False,
            run_count=1,
            config="",
            payload=payload,
            output_path=self.folder / "output",
            timeout_ms=None,
            kill_grace_ms=1000,
            expect=Expect(),
            limits=Limits(),
        )
        return msgspec.structs.replace(job, **fields)


class _NoSchedules:
    async def _refuse(self, *_: object, **__: object) -> Any:
        raise AssertionError("nobody asked for a schedule")

    create = pause = resume = delete = get = _refuse


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    yield made
    for plugin in made.open_ones:
        await plugin.close()
    made.glyphs.kill()


async def test_a_plugin_is_told_its_config_a_token_and_where_to_ask_for_schedules(stage: Stage) -> None:
    await stage.load(config='{"url":"https://a","depth":3,"tags":["x"]}')
    (note,) = stage.glyphs.notes("initialize")
    assert note["config"] == {"url": "https://a", "depth": "3", "tags": '["x"]'}
    assert len(note["token"]) >= 43
    assert note["endpoint"].startswith("127.0.0.1:")


async def test_what_it_announces_becomes_schedules_with_intervals_handlers_and_descriptions(
    stage: Stage,
) -> None:
    stage.glyphs.script(
        announce=[
            {
                "handler_name": "poll",
                "interval_seconds": 30,
                "enabled_by_default": True,
                "description": "polls",
            },
            {
                "handler_name": "poll",
                "interval_seconds": 60,
                "enabled_by_default": False,
                "ats_code": "ix all",
            },
        ]
    )
    declared = await (await stage.open()).declare()
    first, second = declared.schedules
    assert (first.id, first.trigger, first.action) == (
        "glyphs/poll",
        IntervalSpec(30_000),
        PluginCall("glyphs", "poll"),
    )
    assert (first.description, first.starts_paused, str(first.origin)) == ("polls", False, "glyphs")
    assert (second.id, second.description, second.starts_paused) == ("glyphs/poll:2", "ix all", True)
    assert [verb.name for verb in declared.verbs] == ["work", "poll"]
    assert declared.version == "0.2.14"


async def test_an_announcement_that_cannot_be_is_refused_with_the_reason(stage: Stage) -> None:
    stage.glyphs.script(
        announce=[
            {"handler_name": "poll"},
            {"handler_name": "paint", "interval_seconds": 5},
            {"handler_name": ""},
        ]
    )
    declared = await (await stage.open()).declare()
    assert declared.schedules == ()
    assert [(refused.schedule_id, refused.reason) for refused in declared.refused] == [
        ("glyphs/poll", "its interval is 0 seconds, and the shortest is 1"),
        ("glyphs/paint", "it calls the handler 'paint', which the plugin does not have"),
        ("glyphs/unnamed", "it calls the handler '', which the plugin does not have"),
    ]


async def test_its_table_says_under_which_policies_its_verbs_are_called(stage: Stage) -> None:
    stage.glyphs.script(announce=[{"handler_name": "poll", "interval_seconds": 30}])
    plugin = await stage.open(
        timeouts=(("poll", 5000),), retry=Retry(3), circuit_breaker=CircuitBreaker(2), priority=7
    )
    (schedule,) = (await plugin.declare()).schedules
    policy = schedule.policy
    assert (policy.timeout_ms, policy.retry, policy.circuit_breaker) == (5000, Retry(3), CircuitBreaker(2))
    assert plugin.priority == 7


async def test_a_run_hands_over_payload_and_timeout_and_keeps_what_the_plugin_tells(stage: Stage) -> None:
    plugin = await stage.load()
    told = {
        "do": "tell",
        "success": True,
        "result": '{"rows":2}',
        "progress_current": 3,
        "progress_total": 10,
        "cost_actual": 0.25,
        "plugin_version": "0.2.15",
        "log_entries": [
            {"timestamp": "2026-11-20T00:00:00Z", "level": "warn", "stage": "fetch", "message": "slow"},
            {"message": "done", "metadata": '{"a":1}'},
        ],
    }
    outcome = await plugin.call(stage.job(msgspec.json.encode(told).decode(), timeout_ms=90_500), "work")
    assert outcome.state is RunState.SUCCEEDED
    assert outcome.output == (
        '2026-11-20T00:00:00Z warn [fetch] slow\ndone {"a":1}\nprogress: 3 of 10\ncost: 0.25\nversion: 0.2.15\n'
        '{"rows":2}\n'
    )
    (note,) = stage.glyphs.notes("execute")
    assert (note["job"], note["handler"], note["timeout"]) == (f"r1-{os.getpid()}", "work", 91)


async def test_bytes_that_are_no_text_come_through_and_no_timeout_is_unset(stage: Stage) -> None:
    plugin = await stage.load()
    await plugin.call(stage.job(b"\xff\x00\xfe".decode(errors="surrogateescape")), "poll")
    (note,) = stage.glyphs.notes("execute")
    assert (note["payload"], note["timeout"], note["handler"]) == ("ff00fe", None, "poll")


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        ('{"do":"fail","error":"the feed is gone"}', "the feed is gone"),
        ('{"do":"fail"}', "the plugin says that it failed, and not why"),
    ],
)
async def test_a_failure_is_told_in_the_plugins_words(stage: Stage, payload: str, detail: str) -> None:
    outcome = await (await stage.load()).call(stage.job(payload), "work")
    assert (outcome.state, outcome.detail) == (RunState.FAILED, detail)


async def test_what_is_expected_of_a_run_is_judged(stage: Stage) -> None:
    plugin = await stage.load()
    job = stage.job(
        '{"do":"tell","success":true,"result":"no rows"}', expect=Expect(output_lacks=("no rows",))
    )
    assert (await plugin.call(job, "work")).detail == "the output has 'no rows'"


async def test_a_handler_that_the_plugin_does_not_have_is_no_use_to_retry(stage: Stage) -> None:
    outcome = await (await stage.load()).call(stage.job(), "paint")
    assert outcome.detail == "plugin glyphs has no handler 'paint'; it has: work, poll"
    assert outcome.is_final


@pytest.mark.parametrize("by", ["run", "table"])
async def test_a_run_that_takes_too_long_times_out_and_the_plugin_is_told(stage: Stage, by: str) -> None:
    plugin = await stage.load(timeouts=(("work", 200),) if by == "table" else ())
    job = stage.job('{"do":"hang"}', timeout_ms=200 if by == "run" else None)
    outcome = await plugin.call(job, "work")
    assert (outcome.state, outcome.detail) == (RunState.TIMED_OUT, "timed out after 0.2s")
    await stage.until(lambda: stage.glyphs.notes("cancelled"))


async def test_a_run_that_is_cancelled_is_cancelled_at_the_plugin(stage: Stage) -> None:
    plugin = await stage.load()
    call = asyncio.ensure_future(plugin.call(stage.job('{"do":"hang"}'), "work"))
    await stage.until(lambda: stage.glyphs.notes("execute"))
    call.cancel()
    assert (await call).state is RunState.CANCELLED
    await stage.until(lambda: stage.glyphs.notes("cancelled"))


async def test_a_crash_amid_a_run_is_its_failure_with_what_the_plugin_wrote_last(stage: Stage) -> None:
    plugin = await stage.load()
    outcome = await plugin.call(stage.job('{"do":"die"}'), "work")
    assert outcome.state is RunState.FAILED
    assert outcome.detail == (
        "its process ended while the run went on: exit code 7; it wrote last: I am done for"
    )
    assert not outcome.is_final


async def test_a_plugin_that_ended_is_started_again_and_introduced_again(stage: Stage) -> None:
    plugin = await stage.load()
    (first,) = stage.glyphs.notes("initialize")
    os.kill(first["pid"], signal.SIGKILL)
    await stage.until(lambda: stage.warnings)
    assert stage.warnings == [
        "plugin glyphs is away: its process ended: killed by SIGKILL (out of memory?); it wrote last: serving"
    ]
    away = await plugin.call(stage.job(), "poll")
    assert away.detail.startswith("plugin glyphs is away: its process ended: killed by SIGKILL")
    assert not (await plugin.health()).is_well
    await stage.until_back(plugin)
    assert (await plugin.call(stage.job(), "poll")).state is RunState.SUCCEEDED
    _, second = stage.glyphs.notes("initialize")
    assert second["pid"] != first["pid"]
    assert (second["token"], second["endpoint"]) == (first["token"], first["endpoint"])
    assert stage.changed == []


async def test_one_that_announces_something_else_when_it_comes_back_is_loaded_afresh(stage: Stage) -> None:
    plugin = await stage.load()
    stage.glyphs.script(announce=[{"handler_name": "poll", "interval_seconds": 9}])
    os.kill(stage.glyphs.notes("initialize")[0]["pid"], signal.SIGKILL)
    await stage.until(lambda: stage.warnings)
    await stage.until_back(plugin)
    assert stage.changed == ["glyphs"]


async def test_one_that_keeps_ending_is_started_less_and_less_often(stage: Stage) -> None:
    await stage.load()
    stage.glyphs.script(refuse="not today")
    os.kill(stage.glyphs.notes("initialize")[0]["pid"], signal.SIGKILL)
    await stage.until(lambda: stage.warnings)
    for pause_s in (1, 2, 4, 8):
        told = len(stage.warnings)
        await stage.until(lambda seconds=pause_s: stage.clock.waited[-1:] == [seconds])  # type: ignore[misc]
        await stage.clock.advance(pause_s * 1000)
        await stage.until(lambda seen=told: len(stage.warnings) > seen)  # type: ignore[misc]
    assert stage.clock.waited[:4] == [1, 2, 4, 8]
    assert stage.warnings[-1] == "plugin glyphs is away: failed precondition: not today"


async def test_at_its_end_it_is_told_once_and_nothing_of_its_tree_is_left(stage: Stage) -> None:
    plugin = await stage.load()
    pid = stage.glyphs.notes("initialize")[0]["pid"]
    await plugin.close()
    assert tree.stat(pid) is None
    await plugin.close()
    assert len(stage.glyphs.notes("shutdown")) == 1
    assert [path.name for path in stage.ground.folder.iterdir()] == ["glyphs.log"]


async def test_a_child_that_it_left_behind_is_ended_too(stage: Stage, tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(
        "import subprocess, sys, runpy\n"
        f"child = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n"
        "del sys.argv[0]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    python, *rest = stage.glyphs.command
    plugin = await stage.load(command=(python, str(script), *rest))
    child = int((tmp_path / "child").read_text())
    await plugin.close()
    seen = tree.stat(child)
    assert seen is None or seen.is_zombie


async def test_what_an_engine_that_died_left_behind_is_ended_before_its_plugin_starts(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "ENGINE", "dead")
    await stage.load()
    left = stage.glyphs.notes("initialize")[0]["pid"]
    monkeypatch.setattr(supervision, "ENGINE", "live")
    again = await stage.load()
    assert tree.stat(left) is None
    assert (await again.health()).is_well


async def test_one_that_was_loaded_again_meanwhile_is_not_ended_for_a_leftover(stage: Stage) -> None:
    first = await stage.load()
    await stage.load()
    assert (await first.health()).is_well


async def test_a_plugin_at_an_address_is_reached_there_and_served_on_a_socket_of_ours(stage: Stage) -> None:
    stage.glyphs.start()
    plugin = await stage.load(grpc=stage.glyphs.address)
    assert (await plugin.call(stage.job(), "poll")).state is RunState.SUCCEEDED
    assert plugin.origin == stage.glyphs.address
    (note,) = stage.glyphs.notes("initialize")
    path = Path(note["endpoint"].removeprefix("unix:"))
    assert path.parent == stage.ground.folder
    await plugin.close()
    assert not path.exists()


async def test_a_plugin_that_went_away_and_came_back_is_introduced_again(stage: Stage) -> None:
    stage.glyphs.start()
    plugin = await stage.load(grpc=stage.glyphs.address)
    stage.glyphs.kill()
    await stage.until(lambda: stage.warnings)
    assert stage.warnings == [f"plugin glyphs is away: the connection to {stage.glyphs.address} was lost"]
    assert (await plugin.call(stage.job(), "poll")).state is RunState.FAILED
    stage.glyphs.start()
    await stage.until_back(plugin)
    assert (await plugin.call(stage.job(), "poll")).state is RunState.SUCCEEDED
    assert len(stage.glyphs.notes("initialize")) == 2


async def test_a_plugin_that_is_loaded_again_is_not_shut_down_for_its_former_self(stage: Stage) -> None:
    stage.glyphs.start()
    former = await stage.load(grpc=stage.glyphs.address)
    latter = await stage.load(grpc=stage.glyphs.address)
    await former.close()
    assert stage.glyphs.notes("shutdown") == []
    await latter.close()
    assert len(stage.glyphs.notes("shutdown")) == 1


async def test_it_says_itself_whether_it_is_well(stage: Stage) -> None:
    plugin = await stage.load()
    stage.glyphs.script(health="the database is gone")
    health = await plugin.health()
    assert (health.is_well, health.detail) == (False, "the database is gone")


async def test_a_plugin_that_refuses_to_start_is_not_loaded_and_nothing_of_it_is_left(stage: Stage) -> None:
    stage.glyphs.script(refuse="no licence")
    plugin = await stage.open()
    with pytest.raises(PluginFault, match="could not be initialized: failed precondition: no licence"):
        await plugin.declare()
    pid = stage.glyphs.notes("initialize")[0]["pid"]
    await plugin.close()
    assert tree.stat(pid) is None


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("/nowhere/plugin",), "cannot start /nowhere/plugin: No such file or directory"),
        (
            (sys.executable, "-c", "print('bad key'); raise SystemExit(3)"),
            "it ended before it served: exit code 3; it wrote last: bad key",
        ),
    ],
)
async def test_a_process_that_does_not_serve_says_why(
    stage: Stage, command: tuple[str, ...], told: str
) -> None:
    with pytest.raises(PluginFault) as caught:
        await stage.open(command=command)
    assert str(caught.value) == told


async def test_a_plugin_may_take_another_port_and_say_so(stage: Stage, tmp_path: Path) -> None:
    script = tmp_path / "elsewhere.py"
    script.write_text(
        "import socket, sys, runpy\n"
        "probe = socket.socket(); probe.bind(('127.0.0.1', 0)); port = probe.getsockname()[1]; probe.close()\n"
        "print(f'QNTX_PLUGIN_PORT={port}', flush=True)\n"
        "sys.argv = [*sys.argv[1:-1], str(port)]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    python, *rest = stage.glyphs.command
    plugin = await stage.load(command=(python, str(script), *rest))
    assert (await plugin.call(stage.job(), "poll")).state is RunState.SUCCEEDED


async def test_without_the_extra_it_is_said_which_one_to_install(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(PluginFault) as caught:
        await stage.open()
    assert str(caught.value) == "a plugin over gRPC needs an extra: pip install 'cronsole[grpc]'"


@pytest.mark.parametrize("address", ["127.0.0.1:50051", "localhost:1", "[::1]:50051"])
def test_an_address_on_this_machine_is_taken(address: str) -> None:
    assert target_of(address) == address


@pytest.mark.parametrize("address", ["unix:/run/a.sock", "unix:///run/a.sock"])
def test_a_unix_socket_is_taken_in_either_spelling(address: str) -> None:
    assert target_of(address) == "unix:/run/a.sock"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("10.0.0.5:50051", "not encrypted"),
        ("plugins.example.com:443", "ssh -L"),
        ("127.0.0.1", "is no address"),
        ("127.0.0.1:70000", "is no address"),
        ("unix:plugin.sock", "no full path"),
        ("", "is no address"),
    ],
)
def test_any_other_address_is_refused_with_what_would_do(address: str, told: str) -> None:
    with pytest.raises(PluginFault, match=told):
        target_of(address)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"grpc": "127.0.0.1:1", "command": ("x",)}, "it has grpc and command"),
        ({"max_outstanding_polls": 2}, "max_outstanding_polls is for plugins that are processes"),
    ],
)
async def test_what_means_nothing_to_a_remote_plugin_is_refused(
    stage: Stage, settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(PluginFault, match=told):
        await stage.open(**settings)


async def test_one_at_an_address_that_refuses_us_when_it_is_back_is_asked_less_and_less_often(
    stage: Stage,
) -> None:
    stage.glyphs.start()
    await stage.load(grpc=stage.glyphs.address)
    stage.glyphs.kill()
    await stage.until(lambda: stage.warnings)
    stage.glyphs.script(refuse="not today")
    stage.glyphs.start()
    for pause_s in (2, 4):
        await stage.until(lambda seconds=pause_s: stage.clock.waited[-1:] == [seconds])  # type: ignore[misc]
        await stage.clock.advance(pause_s * 1000)
    await stage.until(lambda: len(stage.warnings) == 4)
    assert stage.warnings[1:] == ["plugin glyphs is away: failed precondition: not today"] * 3


async def test_a_port_that_there_cannot_be_is_no_announcement(stage: Stage, tmp_path: Path) -> None:
    script = tmp_path / "lies.py"
    script.write_text(
        "import sys, runpy\nprint('ATS_PLUGIN_PORT=99999', flush=True)\n"
        "del sys.argv[0]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    python, *rest = stage.glyphs.command
    plugin = await stage.load(command=(python, str(script), *rest))
    assert (await plugin.health()).is_well
