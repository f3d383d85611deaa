import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.living import Place

TASKS = """
[[tasks]]
id = "db/vacuum"
every = "100d"
description = "Clean up"

[[tasks]]
id = "db/analyze"
every = "100d"

[[tasks]]
id = "mail"
every = "100d"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("completion"), TASKS)
    found.start()
    yield found
    found.stop()


def completed(place: Place, line: str, **environ: str) -> list[str]:
    words = line.split(" ")
    said = place.call(
        _CRONSOLE_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1), **environ
    )
    assert said.err == "", said
    return said.out.split()


@pytest.mark.parametrize("verb", ["trigger", "pause", "resume", "cancel", "retry", "backfill", "export"])
def test_the_ids_of_schedules_are_offered(place: Place, verb: str):
    assert completed(place, f"cronsole {verb} db/") == ["db/analyze", "db/vacuum"]


def test_ids_are_offered_where_a_schedule_is_edited_and_not_where_a_file_is_meant(place: Place):
    assert completed(place, "cronsole schedule delete m") == ["mail"]
    assert completed(place, "cronsole schedule create m") == []


def test_an_id_that_is_on_the_line_already_is_not_offered_again(place: Place):
    assert completed(place, "cronsole pause db/vacuum db/") == ["db/analyze"]


def test_the_engine_that_the_line_names_is_the_one_that_is_asked(place: Place):
    line = f"cronsole pause --engine {place.state} m"
    assert completed(place, line, CRONSOLE_ENGINE="/nowhere.sock") == ["mail"]


def test_where_no_engine_answers_nothing_is_offered_and_nothing_is_said(place: Place):
    assert completed(place, "cronsole trigger d", CRONSOLE_ENGINE="/nowhere.sock") == []


def test_verbs_and_options_are_offered(place: Place):
    assert completed(place, "cronsole tri") == ["trigger"]
    assert "--follow" in completed(place, "cronsole trigger --")


@pytest.mark.parametrize("verb", ["run", "attach"])
def test_the_themes_of_the_console_are_offered(place: Place, verb: str):
    assert completed(place, f"cronsole {verb} --theme ") == ["dark", "light", "high-contrast", "ansi"]
    assert completed(place, f"cronsole {verb} --theme l") == ["light"]


def test_themes_are_offered_without_loading_a_screen(place: Place):
    said = place.call(
        _CRONSOLE_COMPLETE="complete_bash",
        COMP_WORDS="cronsole run --theme ",
        COMP_CWORD="3",
        PYTHONPROFILEIMPORTTIME="1",
    )
    assert "cronsole_tui.preferences" in said.err
    assert "textual" not in said.err


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_itself_completes_an_id_by_the_script_that_we_print(place: Place):
    script = place.call("--show-completion", "bash").out
    assert "_cronsole_completion" in script
    # What bash does when tab is pressed: the words so far, then the function that the script registers.
    asked = f"""
{script}
COMP_WORDS=(cronsole trigger mai); COMP_CWORD=2
_cronsole_completion cronsole
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    program = place.folder / "bin" / "cronsole"
    program.parent.mkdir(exist_ok=True)
    from tests.cli.living import CRONSOLE

    program.write_text(f'#!/bin/sh\nexec {" ".join(CRONSOLE)} "$@"\n')
    program.chmod(0o700)
    done = subprocess.run(
        ["bash", "-c", asked],
        env=place.environ | {"PATH": f"{program.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["mail"], done.stderr


def test_completion_is_installed_for_bash(place: Place, tmp_path: Path):
    said = place.call("--install-completion", "bash", HOME=str(tmp_path), SHELL="/bin/bash")
    assert said.code == 0, said
    assert "cronsole" in (tmp_path / ".bashrc").read_text()
