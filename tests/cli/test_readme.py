"""The README's tour, walked as a newcomer walks it: every command of it, in order, against a real engine."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.living import PATIENCE, Place

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
FIRST, *OTHERS = COMMANDS
EXIT_CODES = {"cronsole trigger partner/feed --wait": 7}
# What a command has to show for the sentence above it to be true.
SHOWS = {
    "cronsole list": "search/reindex",
    "cronsole show db/vacuum": "every 8s",
    "cronsole trigger heartbeat --follow": ":",
    "cronsole trigger partner/feed --wait": "exit code 7",
    "cronsole runs partner/feed --limit 5": "failed",
    "cronsole log partner/feed --failed": "connection refused",
    "cronsole log search/reindex -f": "part 5 of 5",
    "cronsole why prod/charge-cards": "this is demo; runs in production",
    "cronsole why legacy/import": "disabled in",
    'cronsole pause --tag db --until 06:00 --reason "moving house" --dry-run': "would pause",
    'cronsole pause --tag db --until 06:00 --reason "moving house" --yes': "paused",
    "cronsole list state:paused": "db/analyze",
    "cronsole resume --tag db --yes": "resumed",
    "cronsole check sample.toml": "ok:",
    "cronsole plan": "heartbeat",
    "cronsole reload": "~ heartbeat",
    "cronsole audit": "pause",
    "cronsole events --limit 20": "started",
    "cronsole plugins": "disks",
    "cronsole plugins show disks": "loaded",
    "cronsole simulate tasks.toml": "backup",
    "crontab -l | cronsole init --from-crontab -": "wrote cronsole.toml: 1 task",
    "cronsole service install --user": "systemctl --user enable --now cronsole",
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path, "")
    found.config = tmp_path / "sample.toml"
    sample = (REPOSITORY / "sample.toml").read_text()
    found.config.write_text(sample.replace("[engine]\n", f'[engine]\nstate_dir = "{found.state}"\n', 1))
    # The sample names it; a copy belongs to who runs the test, whoever owns the repository.
    shutil.copytree(
        REPOSITORY / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__")
    )
    (toml,) = re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "tasks.toml").write_text(toml)
    programs = tmp_path / "bin"
    programs.mkdir()
    script(programs / "cronsole", f'exec {sys.executable} -m cronsole "$@"')
    # A newcomer has a crontab; the machine of a test has none, nor a service manager that may be told of units.
    script(programs / "crontab", "echo '@daily /bin/true'")
    script(programs / "systemctl", "true")
    yield found
    said = found.call("attach", "--json")
    if said.code == 0:
        found.pid = said.json["pid"]
        found.stop()


def script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o700)


def test_the_tour_begins_with_what_make_run_does():
    assert FIRST == "cronsole run sample.toml"


def test_the_tour_promises_nothing_that_is_not_in_it():
    assert [command for command in [*SHOWS, *EXIT_CODES] if command not in COMMANDS] == []


@pytest.mark.skipif(shutil.which("sed") is None, reason="sed is not installed")
def test_every_command_of_the_readme_does_what_it_says(place: Place):
    terminal = place.open_terminal(*FIRST.split()[1:])
    terminal.wait_for("heartbeat")
    # Whoever reads the page has taken the three seconds until its first slot.
    assert place.call("trigger", "search/reindex").code == 0
    environ = place.environ | {"PATH": f"{place.folder / 'bin'}:{os.environ['PATH']}"}
    for command in OTHERS:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=place.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        said = done.stdout + done.stderr
        assert done.returncode == EXIT_CODES.get(command, 0), f"{command}\n{said}"
        assert SHOWS.get(command, "") in said, f"{command}\n{said}"
    terminal.type("q")
    terminal.wait_for("leave the engine running? [Y/n]")
    terminal.type("n\n")
    assert terminal.end() == 0
    terminal.close()


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (REPOSITORY / link).exists()] == []
