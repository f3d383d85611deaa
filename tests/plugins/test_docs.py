"""docs/plugins.md, followed as its reader follows it: every block of code is written where it says, and run."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.living import Place
from tests.runtime.house import House

from cronsole.config.load import load
from cronsole.executors.libc import become_subreaper
from cronsole.model.event import RunFinished
from cronsole.model.instant import HOUR, SECOND
from cronsole.model.settings import Configuration

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"\A(?:#!.*\n)?# (\S+)$", re.MULTILINE)
FILES = {
    name[1]: text
    for language, text in BLOCKS
    if language in ("python", "toml", "yaml") and (name := NAMED.search(text))
}
REQUEST, ANSWER = (json.loads(text) for language, text in BLOCKS if language == "json")
SH = [text.splitlines() for language, text in BLOCKS if language == "sh"]
SHOWS = {
    "cronsole check cronsole.toml": "ok:",
    "cronsole plugins": "greeter",
    "cronsole plugins show greeter": "tidy",
    "cronsole plugins call greeter run --follow": "hello from greeter/run:by-hand",
    "cronsole runs greet": "✓ ok",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    return tmp_path


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path / "state")
    yield made
    if hasattr(made, "engine"):
        made.engine.shutdown.hurry()
    await made.stop()


def loaded(folder: Path, name: str, **settings: Any) -> Configuration:
    found = load(folder / name, environ={}, now=0)
    assert found.warnings == ()
    chosen = msgspec.structs.replace(found.settings, watch_files=False, **settings)
    return msgspec.structs.replace(found, settings=chosen)


async def outputs(house: House, schedule_id: str) -> list[str]:
    return [run.output for run in await house.rows(schedule_id)]


def test_every_block_of_code_is_one_that_is_run() -> None:
    assert len(FILES) == sum(language in ("python", "toml", "yaml") for language, _ in BLOCKS)
    assert {language for language, _ in BLOCKS} == {"python", "toml", "yaml", "json", "sh"}


def test_the_first_plugin_has_fifteen_lines() -> None:
    lines = [line for line in FILES["plugins/greeter.py"].splitlines()[1:] if line]
    assert len(lines) <= 15


def test_the_tests_of_the_page_pass(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_greeter.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


async def test_the_first_plugin_fires(house: House, folder: Path) -> None:
    house.configuration = loaded(folder, "cronsole.toml")
    await house.start()
    await house.seconds(5)
    await house.until(RunFinished)
    assert await outputs(house, "greet") == ["hello from greet, run 1\n"]


async def test_schedules_are_made_while_it_runs(house: House, folder: Path) -> None:
    house.configuration = loaded(folder, "cronsole.toml")
    await house.start()
    await house.seconds(10)
    await house.until(RunFinished, lambda event: event.schedule_id == "feeds/find")
    (said,) = await outputs(house, "feeds/find")
    assert re.fullmatch(r"feeds/poll-\w+ is active, calls poll every 60000 ms\n", said)


async def test_a_plugin_may_be_the_provider(house: House, folder: Path) -> None:
    house.configuration = loaded(folder, "provided.toml")
    house.clock.step(24 * HOUR - 5 * SECOND)
    await house.start()
    await house.seconds(5)
    await house.until(RunFinished, lambda event: event.schedule_id == "report")
    assert await outputs(house, "report") == ["hello from report, run 1\n"]


def test_what_a_package_says_names_a_class() -> None:
    points = tomllib.loads(FILES["pyproject.toml"])["project"]["entry-points"]
    assert points == {"cronsole.plugins": {"greeter": "my_package.greeter:Greeter"}}


async def test_the_request_and_the_answer_are_those_of_a_run(house: House, folder: Path) -> None:
    become_subreaper()
    for other in ("greeter", "feeds"):
        (folder / "plugins" / f"{other}.py").unlink()
    home = folder / "plugins" / "withings"
    (home / "run").rename(home / "real")
    (home / "run").write_text("#!/bin/sh\ntee request | ./real | tee answer\n")
    (home / "run").chmod(0o755)
    house.configuration = loaded(folder, "cronsole.yaml")
    await house.start()
    await house.seconds(15 * 60)
    await house.until(RunFinished, lambda event: event.schedule_id == "withings/poll")
    request = json.loads((home / "request").read_text())
    run_id = request["job_id"]
    assert json.loads(json.dumps(REQUEST).replace(REQUEST["job_id"], run_id)) == request
    assert json.loads((home / "answer").read_text()) == ANSWER
    (said,) = await outputs(house, "withings/poll")
    assert said == f"asked for poll\ninfo: {ANSWER['logs'][0]['message']}\ncall 1\n"


async def test_the_grpc_plugin_makes_a_schedule_that_is_then_called(house: House, folder: Path) -> None:
    pytest.importorskip("grpc_tools")
    found = loaded(folder, "remote.toml")
    glyphs, elsewhere = found.settings.plugins
    command = (sys.executable, str(folder / "glyphs.py"))
    started = msgspec.structs.replace(glyphs, command=command)
    house.configuration = loaded(folder, "remote.toml", plugins=(started, elsewhere))
    await house.start()
    await house.seconds(10)
    await house.until(RunFinished)
    (said,) = await outputs(house, "glyphs/look")
    made = said.strip().removeprefix("made ")
    await house.seconds(60)
    await house.until(RunFinished, lambda event: event.schedule_id == made)
    assert await outputs(house, made) == ['polled {"glyph":7}\n']


@pytest.fixture
def place(folder: Path) -> Iterator[Place]:
    made = Place(folder, "")
    table = f'\n[engine]\nstate_dir = "{made.state}"\nshutdown_grace = "1s"\nwatch_files = false\n'
    made.config = folder / "cronsole.toml"
    made.config.write_text(FILES["cronsole.toml"] + table)
    yield made
    made.stop()


def test_the_commands_of_the_page_do_what_they_say(place: Place) -> None:
    (check, engine), *others = SH
    assert engine == "cronsole engine cronsole.toml"
    said = place.call(*check.split()[1:])
    assert SHOWS[check] in said.out, said
    place.start()
    for command in (line for block in others for line in block):
        if command == "cronsole runs greet":
            place.call("trigger", "greet", "--wait")
        said = place.call(*command.split()[1:])
        assert said.code == 0, said
        assert SHOWS[command] in said.out, said
