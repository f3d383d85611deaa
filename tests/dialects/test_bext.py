"""Every statement of seeds/004 about declaring, priority, missed runs, the catch-up flag, locking and the provider."""

from pathlib import Path

import msgspec
import pytest
from tests.config.documents import THREE_TASKS
from tests.plugins.python_plugins import HEAD
from tests.runtime.house import House

from cronsole import Schedule as Declaration
from cronsole.config.load import load
from cronsole.config.task_table import as_table
from cronsole.dialects.bext import hand_over, read_declaration
from cronsole.errors import ConfigError
from cronsole.model import event as events
from cronsole.model.action import Command, PluginCall, Record
from cronsole.model.instant import HOUR, MINUTE, from_iso
from cronsole.model.policy import Locking, MissedRunPolicy, Overlap
from cronsole.model.schedule import Schedule, SourceKind
from cronsole.model.settings import Configuration, PluginSettings, Settings
from cronsole.model.trigger import CronSpec, IntervalSpec

NOW = from_iso("2026-11-20T00:00Z")


SECOND_SPELLING = """
[[tasks]]
name = "gc"
schedule = "5m"
handler = "cleaner::sweep"
enabled = false
config = { older_than = "7d" }
"""


class Roots:
    """A folder of plugins that write down what they are called with."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.noted = folder / "noted"

    @property
    def paths(self) -> tuple[str, ...]:
        return (str(self.folder),)

    def write(self, name: str, declared: str = "", *, priority: int = 1000, body: str = "") -> None:
        words = "{ctx.schedule_id} {ctx.is_catchup} {ctx.config_json} {ctx.action_json}"
        (self.folder / f"{name}.py").write_text(
            f"{HEAD}class Sample(Plugin):\n    priority = {priority}\n"
            f"    def schedules(self):\n        return [{declared}]\n"
            f"    async def run(self, ctx):\n        with open({str(self.noted)!r}, 'a') as file:\n"
            f"            file.write(f'{name} {words}\\n')\n{body}"
        )

    @property
    def calls(self) -> list[str]:
        return [line.strip() for line in self.noted.read_text().splitlines()] if self.noted.exists() else []

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.py").unlink()


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "plugins")


def read(declared: Declaration) -> Schedule:
    return read_declaration("sample", declared, Settings(timezone="Europe/Berlin"))


def load_text(tmp_path: Path, text: str) -> Configuration:
    file = tmp_path / "bext.config.toml"
    file.write_text(text)
    return load(file, environ={}, now=NOW)


def test_the_example_of_the_document_loads_as_it_stands(tmp_path: Path) -> None:
    """004: "The built-in scheduler … reads from a top-level [[tasks]] array"."""
    gc, report, warm = load_text(tmp_path, THREE_TASKS).schedules
    assert (gc.id, gc.trigger, gc.action) == ("gc", IntervalSpec(5 * MINUTE), Record())
    assert (report.config, report.timezone) == ('{"recipients":["ops@example.com"]}', "UTC")
    assert (warm.trigger, warm.description) == (
        CronSpec("*/10 * * * *"),
        "warm edge cache for top 100 pages",
    )


def test_the_second_spelling_loads_too(tmp_path: Path) -> None:
    (gc,) = load_text(tmp_path, SECOND_SPELLING).schedules
    assert (gc.id, gc.enabled, gc.action) == ("gc", False, PluginCall("cleaner", "sweep"))
    assert gc.config == '{"older_than":"7d"}'
    assert as_table(gc)["plugin"] == "cleaner"


def test_what_a_declaration_leaves_out_is_as_the_document_has_it() -> None:
    """004: RunOnce "Default."; PreferGlobal "Default."; "@daily midnight UTC"."""
    schedule = read(Declaration(id="gc", cron="@daily"))
    assert schedule.policy.missed_run_policy is MissedRunPolicy.RUN_ONCE
    assert schedule.policy.locking is Locking.PREFER_GLOBAL
    assert (schedule.policy.jitter_ms, schedule.config, schedule.description) == (0, "", "")
    assert schedule.timezone == "UTC"
    assert (schedule.action, schedule.origin.kind, schedule.origin.name) == (
        PluginCall("sample"),
        SourceKind.PLUGIN,
        "sample",
    )


def test_a_declaration_may_name_its_zone() -> None:
    assert read(Declaration(id="gc", cron="@daily", timezone="Asia/Tokyo")).timezone == "Asia/Tokyo"


def test_overlap_always_skips_in_this_dialect() -> None:
    assert read(Declaration(id="gc", cron="5m")).policy.overlap is Overlap.SKIP


def test_a_run_that_takes_hours_has_the_wrong_shape_and_is_ended() -> None:
    """004: "A Scheduled run is expected to finish in seconds-to-minutes"."""
    assert read(Declaration(id="gc", cron="5m")).policy.timeout_ms == HOUR
    assert read(Declaration(id="gc", cron="5m", timeout_ms=None)).policy.timeout_ms is None


@pytest.mark.parametrize("spelled", ["run_all", "RunAll", MissedRunPolicy.RUN_ALL])
def test_the_values_of_enums_may_be_spelled_as_in_the_document(spelled: str) -> None:
    declared = Declaration(id="gc", cron="5m", missed_run_policy=spelled, locking="NodeLocal")
    assert read(declared).policy.missed_run_policy is MissedRunPolicy.RUN_ALL
    assert read(declared).policy.locking is Locking.NODE_LOCAL


@pytest.mark.parametrize("expression", ["30s", "5m", "2h", "@hourly", "@daily", "*/5 * * * *", "0 */3 * * *"])
def test_every_form_of_the_document_is_accepted(expression: str) -> None:
    """004: Cron syntax, the table of forms."""
    assert read(Declaration(id="gc", cron=expression)).id == "gc"


def test_jitter_and_config_are_taken_over_and_never_interpreted() -> None:
    """004: "config_json is an opaque string … the runtime does not interpret it"."""
    from cronsole.config.secrets import resolve_config

    opaque = '{"a": "${env:HOME}", "b": "${file:/etc/passwd}"}'
    schedule = read(Declaration(id="gc", cron="5m", jitter_ms=1_500, config_json=opaque))
    assert schedule.policy.jitter_ms == 1_500
    assert msgspec.json.decode(resolve_config(schedule.config, {"HOME": "/root"})) == msgspec.json.decode(
        opaque
    )


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (Declaration(id="gc", cron="61 * * * *"), "cron"),
        (Declaration(id="gc"), "is missing"),
        (Declaration(id="gc", cron="5m", every="5m"), "stands beside"),
        (Declaration(id="", cron="5m"), "is empty"),
        (Declaration(id="gc", cron="5m", locking="Global"), "prefer_global"),
        (Declaration(id="gc", cron="5m", missed_run_policy="RunTwice"), "run_once"),
        (Declaration(id="gc", cron="5m", jitter_ms=-1), "jitter_ms"),
        (Declaration(id="gc", cron="5m", timezone="Mars/Base"), "timezone"),
    ],
)
def test_cron_syntax_is_validated_before_anything_fires(declared: Declaration, told: str) -> None:
    """004: the runtime can "validate cron syntax before anything fires"."""
    with pytest.raises(ConfigError, match=told):
        read(declared)


async def test_the_runtime_calls_run_with_the_schedule_that_fired(house: House, roots: Roots) -> None:
    """004: "ctx.schedule_id tells the plugin which one"."""
    roots.write("sample", "Schedule('gc', '5m'), Schedule('warm', '7m', config_json='{}')")
    await house.start(plugin_roots=roots.paths)
    await house.seconds(7 * 60 + 1)
    await house.until(events.RunFinished, count=2)
    assert roots.calls == ["sample gc False", "sample warm False {}"]


async def test_two_plugins_with_one_id_the_higher_priority_wins(house: House, roots: Roots) -> None:
    """004: "when two plugins provide the same schedule id … the higher-priority one wins. Default is 1000"."""
    roots.write("old", "Schedule('gc', '5m')")
    roots.write("new", "Schedule('gc', '5m')", priority=2000)
    await house.start(plugin_roots=roots.paths)
    (shadowed,) = house.engine.catalog.shadowed()
    assert (shadowed.source.name, shadowed.held_by.name) == ("old", "new")
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished)
    assert roots.calls == ["new gc False"]


async def test_the_shadowed_one_takes_over_when_the_other_is_unloaded(house: House, roots: Roots) -> None:
    roots.write("old", "Schedule('gc', '5m')")
    roots.write("new", "Schedule('gc', '5m')", priority=2000)
    await house.start(plugin_roots=roots.paths)
    roots.remove("new")
    await house.reload(plugin_roots=roots.paths)
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished)
    assert roots.calls == ["old gc False"]
    assert house.engine.catalog.shadowed() == ()


async def test_the_configuration_may_give_a_plugin_another_priority(house: House, roots: Roots) -> None:
    roots.write("old", "Schedule('gc', '5m')")
    roots.write("new", "Schedule('gc', '5m')", priority=2000)
    await house.start(plugin_roots=roots.paths, plugins=(PluginSettings("old", priority=3000),))
    assert [shadowed.source.name for shadowed in house.engine.catalog.shadowed()] == ["new"]


@pytest.mark.parametrize(
    ("policy", "calls"),
    [
        ("RunOnce", ["sample gc True"]),
        ("Skip", []),
        ("RunAll", ["sample gc True"] * 3),
    ],
)
async def test_a_missed_window_is_made_up_for_as_the_policy_says(
    house: House, roots: Roots, policy: str, calls: list[str]
) -> None:
    """004: MissedRunPolicy; "When a missed run fires, ctx.is_catchup is set to true"."""
    roots.write("sample", f"Schedule('gc', '0 * * * *', missed_run_policy='{policy}')")
    await house.start(plugin_roots=roots.paths)
    await house.stop()
    house.clock.step(3 * HOUR + 10 * MINUTE)
    await house.start()
    for _ in range(20):
        await house.seconds(1)
    if calls:
        await house.until(events.RunFinished, count=len(calls))
    assert roots.calls == calls


async def test_without_a_global_lock_the_run_of_require_global_is_aborted(house: House, roots: Roots) -> None:
    """004: RequireGlobal "Abort the run if no global lock"; PreferGlobal "degrades to NodeLocal"."""
    declared = [
        f"Schedule('{name}', '5m', locking='{locking}')"
        for name, locking in (("a", "NodeLocal"), ("b", "PreferGlobal"), ("c", "RequireGlobal"))
    ]
    roots.write("sample", ", ".join(declared))
    await house.start(plugin_roots=roots.paths)
    await house.seconds(5 * 60 + 1)
    await house.until(events.RunFinished, count=2)
    assert await house.verdicts("a") == ["succeeded"]
    assert await house.verdicts("b") == ["succeeded"]
    assert await house.verdicts("c") == ["skipped(no_global_lock)"]


def provided(roots: Roots, provider: str) -> str:
    return f'plugin_roots = ["{roots.folder}"]\n[scheduled]\nprovider = "{provider}"\n{THREE_TASKS}'


def test_cron_is_the_provider_that_is_built_in(tmp_path: Path, roots: Roots) -> None:
    configuration = load_text(tmp_path, provided(roots, "cron"))
    assert [schedule.action for schedule in configuration.schedules] == [Record()] * 3


async def test_another_provider_is_handed_every_task(house: House, roots: Roots, tmp_path: Path) -> None:
    """004: "Switching backends is a one-line config change … same [[tasks]] entries, no code changes"."""
    roots.write("my-org-scheduler")
    house.configuration = load_text(tmp_path, provided(roots, "my-org-scheduler"))
    await house.start()
    await house.seconds(10 * 60 + 1)
    await house.until(events.RunFinished, count=3)
    assert sorted(roots.calls) == ["my-org-scheduler cache-warm False"] + ["my-org-scheduler gc False"] * 2
    assert not house.engine.catalog.shadowed()


def test_a_provider_that_is_not_installed_is_an_error_with_those_that_are(
    tmp_path: Path, roots: Roots
) -> None:
    roots.write("my-org-scheduler")
    with pytest.raises(ConfigError) as raised:
        load_text(tmp_path, provided(roots, "your-org-scheduler"))
    (problem,) = raised.value.problems
    assert problem.endswith(
        'scheduled.provider = "your-org-scheduler": is not installed; installed are: cron, my-org-scheduler'
    )


def test_a_provider_is_told_what_a_task_does_in_its_own_words() -> None:
    task = Schedule("gc", IntervalSpec(1000), Command(("gc", "--all")))
    handed = hand_over(task, "mine")
    assert isinstance(handed.action, PluginCall)
    assert msgspec.json.decode(handed.action.task) == {
        "type": "command",
        "run": ["gc", "--all"],
        "env": [],
        "env_file": None,
        "cwd": None,
        "user": None,
    }
    assert as_table(handed) == as_table(task)
    assert hand_over(handed, "mine") == handed
