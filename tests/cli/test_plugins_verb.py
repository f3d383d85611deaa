"""`cronsole plugins`, asked as a shell asks it, of a real engine with plugins that are files and processes."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.cli.engine_at_hand import EngineAtHand
from tests.plugins.processes import write_plugin
from tests.plugins.python_plugins import plugin_class

from cronsole.model.plugin import CircuitsView, HealthView, PluginDetail, PluginStatus, PluginView
from cronsole.model.view import RunView

OBEYED = re.compile(r"\x1b(?!\[[0-9;?]*[A-Za-z])|[\x07\x9b]")
EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins" / "process"

# Says what it was handed, and fails where that is asked of it.
ANSWERS = """#!/usr/bin/env python3
import json, sys
request = json.load(sys.stdin)
print("seen", json.dumps(request.get("event") or request.get("payload")), file=sys.stderr)
if request["command"] == "health":
    print(json.dumps({"status": "error", "error": "[no] \\x1b[2Jtoken", "retry": False}))
elif request["command"] == "token_refresh":
    print(json.dumps({"status": "error", "error": "the vendor is down", "retry": False}))
else:
    print(json.dumps({"status": "ok", "result": "done", "state_updates": {"cursor": 1}}))
"""
CONFIG = """
plugin_roots = ["plugins"]

[engine]
watch_files = false
shutdown_grace = "1s"

[plugins.withings]
path = "plugins/withings"
schedules = [{ command = "poll", every = "100d" }, { command = "token_refresh", every = "100d" }]
retry = { max_attempts = 1 }
circuit_breaker = { threshold = 1, reset_after = "30m" }

[plugins.disk]
path = "plugins/disk"
config = { limit_percent = 101 }

[plugins.old]
path = "plugins/old.py"
enabled = false
"""


class EngineWithPlugins(EngineAtHand):
    """An engine whose log tells of its plugins before it tells that it started."""

    def launch(self) -> None:
        command = [sys.executable, "-m", "cronsole", "engine", str(self.config), "--state", str(self.state)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=self.folder, env=self.environ)
        assert self.process.stderr is not None
        assert any(b"engine started" in line for line in self.process.stderr)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineAtHand]:
    engine = EngineWithPlugins(tmp_path_factory.mktemp("p"))
    write_plugins(engine.folder / "plugins")
    engine.config.write_text(CONFIG)
    engine.launch()
    try:
        yield engine
    finally:
        engine.stop()


def write_plugins(root: Path) -> None:
    root.mkdir()
    (root / "tidy.py").write_text(plugin_class('Schedule("gc", "100d")'))
    (root / "old.py").write_text(plugin_class('Schedule("old", "100d")'))
    (root / "broken.py").write_text("def (\n")
    write_plugin(root, ANSWERS, commands=("poll", "token_refresh", "health"))
    disk = root / "disk"
    disk.mkdir()
    for name in ("manifest.yaml", "disk.sh"):
        (disk / name).write_bytes((EXAMPLES / "disk" / name).read_bytes())
        (disk / name).chmod(0o755)


def test_what_failed_is_listed_first_with_its_reason(engine: EngineAtHand):
    answer = engine.ask("plugins")
    title, first, *_ = answer.out.splitlines()
    assert title.split()[:2] == ["STATUS", "NAME"]
    assert first.split()[1:3] == ["failed", "broken"]
    assert "✗ broken: importing it failed at" in answer.out
    assert "broken.py:1: SyntaxError" in answer.out
    assert engine.ask("plugins", "list").out == answer.out


def test_the_list_is_what_the_api_answers(engine: EngineAtHand):
    views = msgspec.json.decode(engine.ask("plugins", "--json").raw, type=tuple[PluginView, ...])
    statuses = {view.name: view.status for view in views}
    assert statuses == {
        "broken": PluginStatus.FAILED,
        "disk": PluginStatus.LOADED,
        "old": PluginStatus.DISABLED,
        "tidy": PluginStatus.LOADED,
        "withings": PluginStatus.LOADED,
    }


def test_a_plugin_is_shown_with_all_that_is_known_of_it(engine: EngineAtHand):
    assert engine.ask("plugins", "call", "withings", "poll", "--wait").code == 0
    answer = engine.ask("plugins", "show", "withings")
    assert answer.out.startswith("withings  ✓ loaded\n")
    assert "  carrier   process\n  version   1.2.3\n" in answer.out
    assert "\nDECLARES\n  withings/poll\n  withings/token_refresh\n" in answer.out
    assert "\nREMEMBERS\n  cursor\n" in answer.out
    detail = msgspec.json.decode(engine.ask("plugins", "show", "withings", "--json").raw, type=PluginDetail)
    assert {command.name for command in detail.commands} >= {"poll", "token_refresh"}


def test_a_plugin_that_is_well_says_so_and_one_that_is_not_exits_with_1(engine: EngineAtHand):
    well, ill = engine.ask("plugins", "health", "disk"), engine.ask("plugins", "health", "withings")
    assert (well.code, well.out.split(":")[0].strip()) == (0, "disk is well")
    assert (ill.code, ill.out) == (1, "withings is not well: [no] \\x1b[2Jtoken\n")
    answer = engine.ask("plugins", "health", "withings", "--json")
    assert answer.code == 1
    assert not msgspec.json.decode(answer.raw, type=HealthView).is_well


def test_a_call_prints_the_id_of_its_run(engine: EngineAtHand):
    answer = engine.ask("plugins", "call", "withings", "poll")
    assert answer.code == 0, answer.err
    run_id = answer.out.strip()
    (run,) = [
        run
        for run in engine.ask("runs", "withings/poll:by-hand", "--json").json["items"]
        if run["run_id"] == run_id
    ]
    assert run["cause"] == "manual"


@pytest.mark.parametrize("words", [("--payload", '{"n": [1, 2]}'), ("--payload", "@given.json")])
def test_a_call_that_follows_shows_what_the_payload_came_to(engine: EngineAtHand, words: tuple[str, ...]):
    (engine.folder / "given.json").write_text('{"n": [1, 2]}')
    answer = engine.ask("plugins", "call", "withings", "poll", "--follow", *words)
    assert answer.code == 0, answer.err
    assert '"n": [1, 2]' in answer.out


def test_the_same_key_never_starts_a_second_call(engine: EngineAtHand):
    calls = [engine.ask("plugins", "call", "withings", "poll", "--key", "k1").out for _ in range(2)]
    assert calls[0] == calls[1]


def test_a_call_that_waits_exits_as_its_run_does(engine: EngineAtHand):
    answer = engine.ask("plugins", "call", "withings", "token_refresh", "--wait", "--json")
    assert answer.code == 1
    run = msgspec.json.decode(answer.raw, type=RunView)
    assert run.detail == "the vendor is down"


def test_a_circuit_that_opened_is_shown_and_closed_by_hand(engine: EngineAtHand):
    assert engine.ask("trigger", "withings/token_refresh", "--wait").code == 1
    assert "circuit open until" in engine.ask("plugins", "show", "withings").out
    assert "1 open" in engine.ask("plugins").out
    closed = engine.ask("plugins", "reset", "withings", "token_refresh")
    assert (closed.code, closed.out) == (0, "closed the circuit of withings: token_refresh\n")
    again = engine.ask("plugins", "reset", "withings", "--json")
    assert msgspec.json.decode(again.raw, type=CircuitsView) == CircuitsView()
    assert engine.ask("plugins", "reset", "withings").out == "no circuit of withings was open\n"
    assert "circuit open until" not in engine.ask("plugins", "show", "withings").out


def test_a_reload_that_fails_says_why_exits_with_1_and_leaves_what_was_there(engine: EngineAtHand):
    file = engine.folder / "plugins" / "tidy.py"
    good = file.read_text()
    file.write_text("class (\n")
    stale = engine.ask("plugins", "reload", "tidy")
    listed = engine.ask("plugins").out
    file.write_text(good)
    loaded = engine.ask("plugins", "reload", "tidy")
    assert stale.code == 1
    assert stale.out.startswith(
        "tidy is stale, and goes on with what it declared before: importing it failed"
    )
    assert "≈ stale" in listed
    assert "≈ tidy: importing it failed" in listed
    assert (loaded.code, loaded.out) == (0, "tidy is loaded: python, 1 schedule declared\n")


def test_a_plugin_that_failed_before_and_still_does_is_reloaded_with_1(engine: EngineAtHand):
    answer = engine.ask("plugins", "reload", "broken", "--json")
    assert answer.code == 1
    assert msgspec.json.decode(answer.raw, type=PluginView).status is PluginStatus.FAILED


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "withngs"), "withings"),
        (("health", "nothing"), "nothing"),
        (("reload", "withngs"), "withings"),
        (("reset", "withngs"), "withings"),
        (("call", "withngs", "poll"), "withings"),
        (("call", "withings", "pol"), "poll"),
    ],
)
def test_an_unknown_name_exits_with_1_and_names_the_nearest(
    engine: EngineAtHand, words: tuple[str, ...], told: str
):
    answer = engine.ask("plugins", *words)
    assert (answer.code, answer.out) == (1, "")
    assert told in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list", "withings"), "cronsole plugins show withings"),
        (("show",), "NAME"),
        (("health", "withings", "poll"), "takes no command"),
        (("call", "withings"), "COMMAND"),
        (("call", "withings", "poll", "--payload", "hello"), """--payload '"text"'"""),
        (("reload", "withings", "--wait"), "cronsole plugins call"),
        (("withings",), "withings"),
    ],
)
def test_a_call_that_makes_no_sense_exits_with_2_and_a_sentence(
    engine: EngineAtHand, words: tuple[str, ...], told: str
):
    answer = engine.ask("plugins", *words)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


@pytest.mark.parametrize("words", [(), ("show", "withings"), ("health", "withings")])
def test_nothing_hostile_reaches_the_terminal_and_no_colour_where_it_is_not_wanted(
    engine: EngineAtHand, words: tuple[str, ...]
):
    shown, _ = engine.on_terminal("plugins", *words)
    plain, _ = engine.on_terminal("plugins", *words, environ={"NO_COLOR": "1"})
    assert "withings" in plain
    assert OBEYED.search(shown) is None
    assert "\x1b[" in shown
    assert "\x1b" not in plain


def test_a_terminal_without_utf_8_gets_ascii(engine: EngineAtHand):
    shown, _ = engine.on_terminal("plugins", environ={"LC_ALL": "C", "TERM": "dumb"})
    assert "x failed" in shown
    assert shown.isascii()


def test_without_plugins_it_is_said_how_to_get_one(tmp_path: Path):
    engine = EngineAtHand(tmp_path)
    engine.config.write_text("[engine]\nwatch_files = false\n")
    engine.launch()
    try:
        answer, as_json = engine.ask("plugins"), engine.ask("plugins", "--json")
    finally:
        engine.stop()
    assert (answer.code, answer.out) == (0, "")
    assert "docs/plugins.md" in answer.err
    assert as_json.json == []


def test_without_an_engine_it_exits_with_3(engine: EngineAtHand, tmp_path: Path):
    answer = engine.ask("plugins", CRONSOLE_ENGINE=str(tmp_path))
    assert (answer.code, answer.out) == (3, "")


def offered(engine: EngineAtHand, line: str) -> list[str]:
    count = str(len(line.split(" ")) - 1)
    asked = {"_CRONSOLE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": count}
    answer = engine.ask(**asked)
    assert answer.err == ""
    return answer.out.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cronsole plugins re", ["reload", "reset"]),
        ("cronsole plugins show ", ["broken", "disk", "old", "tidy", "withings"]),
        ("cronsole plugins list w", []),
        ("cronsole plugins call withings to", ["token_refresh"]),
        ("cronsole plugins reset withings p", ["poll"]),
        ("cronsole plugins health withings p", []),
    ],
)
def test_deeds_plugins_and_commands_are_completed(engine: EngineAtHand, line: str, words: list[str]):
    assert offered(engine, line) == words
