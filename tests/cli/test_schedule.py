import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.living import CRONSOLE, Place

from cronsole.cli.definition_file import definition_of
from cronsole.errors import ConfigError

FROM_FILE = '[[tasks]]\nid = "filed"\nevery = "100d"\ncommand = "true"\n'
FRESH = 'id = "fresh"\nevery = "1h"\ncommand = "echo hi"\ndescription = "made by hand"\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("schedule"), FROM_FILE)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def fresh(place: Place) -> Iterator[Place]:
    """A place with a runtime schedule."""
    said = place.call("schedule", "create", "-", stdin=FRESH)
    assert said.code == 0, said
    yield place
    place.call("schedule", "delete", "fresh", "--yes")


def definition(place: Place, schedule_id: str = "fresh") -> dict[str, object]:
    found = place.call("export", schedule_id, "--json").json
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "text",
    [
        'id = "a"\nevery = "5m"\n',
        '[[tasks]]\nid = "a"\nevery = "5m"\n',
        '{"id": "a", "every": "5m"}',
        '{"tasks": [{"id": "a", "every": "5m"}]}',
    ],
)
def test_a_definition_is_read_however_it_is_written(text: str):
    assert definition_of(text, "it") == {"id": "a", "every": "5m"}


def test_times_of_toml_are_sent_as_text():
    assert definition_of("at = 2026-03-29T02:30:00+01:00\nlist = [2026-12-24]", "it") == {
        "at": "2026-03-29T02:30:00+01:00",
        "list": ["2026-12-24"],
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[tasks]]\n[[tasks]]\n", "2 [[tasks]] entries"),
        ("tasks = 5", "no [[tasks]] entries"),
        ("[engine]\n[[tasks]]\n", "engine"),
        ("id =", "not TOML"),
        ("{", "not JSON"),
    ],
)
def test_what_is_no_single_definition_is_refused(text: str, told: str):
    with pytest.raises(ConfigError) as refused:
        definition_of(text, "it")
    assert told in str(refused.value)


def test_a_schedule_is_created_replaced_patched_and_deleted_while_the_engine_runs(place: Place):
    said = place.call("schedule", "create", "-", stdin=FRESH)
    assert said.code == 0, said
    assert "created fresh" in said.out
    assert place.call("trigger", "fresh", "--wait").code == 0
    (place.folder / "next.toml").write_text(FRESH.replace("1h", "2h"))
    assert place.call("schedule", "replace", "next.toml").code == 0
    assert definition(place)["every"] == "2h"
    patched = place.call(
        "schedule", "patch", "-", "--id", "fresh", "--unset", "description", stdin='{"timeout": "9s"}'
    )
    assert patched.code == 0, patched
    assert definition(place).get("description") is None
    assert (definition(place)["timeout"], definition(place)["every"]) == ("9s", "2h")
    assert place.call("schedule", "delete", "fresh", "--yes").code == 0
    assert place.call("show", "fresh").code == 1


def test_a_second_schedule_of_an_id_is_refused(fresh: Place):
    said = fresh.call("schedule", "create", "-", stdin=FRESH)
    assert said.code == 1, said
    assert "fresh" in said.err


def test_a_faulty_definition_exits_with_2_and_tells_every_fault(place: Place):
    said = place.call("schedule", "create", "-", stdin='id = "x"\nevry = "5m"\ntimeout = 5\n')
    assert said.code == 2, said
    assert "every" in said.err
    assert "timeout" in said.err


def test_a_definition_without_an_id_needs_one(place: Place):
    said = place.call("schedule", "create", "-", stdin='every = "5m"')
    assert said.code == 2, said
    assert "--id" in said.err


def test_a_deletion_wants_a_yes(fresh: Place):
    said = fresh.call("schedule", "delete", "fresh")
    assert said.code == 2, said
    assert "--yes" in said.err
    terminal = fresh.open_terminal("schedule", "delete", "fresh")
    terminal.wait_for("delete fresh? [y/N]")
    terminal.type("n\n")
    assert terminal.end() == 1
    terminal.close()
    assert definition(fresh)["id"] == "fresh"


def edited(place: Place, script: str, answer: str = "") -> tuple[int, str]:
    """Run the editor that a script is over the definition; return how it ended and what was shown."""
    editor = place.folder / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o700)
    terminal = place.open_terminal("schedule", "edit", "fresh", EDITOR=str(editor))
    if answer:
        terminal.wait_for("edit it again? [Y/n]")
        terminal.type(answer)
    code = terminal.end()
    terminal.close()
    return code, terminal.seen


def test_an_edited_definition_is_put_in_force(fresh: Place):
    code, seen = edited(fresh, 'sed -i s/1h/3h/ "$1"')
    assert code == 0, seen
    assert definition(fresh)["every"] == "3h"


def test_an_edit_that_changes_nothing_changes_nothing(fresh: Place):
    code, seen = edited(fresh, "true")
    assert code == 0, seen
    assert "nothing was changed" in seen


def test_a_faulty_edit_can_be_mended_or_given_up(fresh: Place):
    once = fresh.folder / "once"
    mend = f'if [ -e {once} ]; then sed -i s/ever_/every/ "$1"; else touch {once}; sed -i s/every/ever_/ "$1"; fi'
    code, seen = edited(fresh, mend + '; sed -i s/1h/4h/ "$1"', "y\n")
    assert code == 0, seen
    assert definition(fresh)["every"] == "4h"
    code, seen = edited(fresh, 'echo "[" >> "$1"', "n\n")
    assert code == 1, seen
    assert definition(fresh)["every"] == "4h"


def test_an_edit_that_somebody_was_faster_than_is_refused_and_not_lost(fresh: Place):
    other = f'echo \'{{"timeout": "8s"}}\' | {" ".join(CRONSOLE)} schedule patch - --id fresh'
    code, seen = edited(fresh, f'{other}; sed -i s/1h/5h/ "$1"')
    assert code == 1, seen
    (kept,) = re.findall(r"what you wrote is in (\S+\.toml)", seen)
    assert 'every = "5h"' in Path(kept).read_text()
    Path(kept).unlink()
    assert (definition(fresh)["every"], definition(fresh)["timeout"]) == ("1h", "8s")


def test_an_editor_that_fails_changes_nothing(fresh: Place):
    code, seen = edited(fresh, "exit 9")
    assert code == 1, seen
    assert "exited with 9" in seen


def test_a_schedule_of_a_file_is_edited_in_its_file(place: Place):
    for words in (("edit", "filed"), ("delete", "filed", "--yes")):
        said = place.call("schedule", *words)
        assert said.code == 1, said
        assert "jobs.toml:" in said.err


def test_a_created_schedule_outlives_a_restart(tmp_path: Path):
    place = Place(tmp_path, FROM_FILE)
    place.start()
    assert place.call("schedule", "create", "-", stdin=FRESH).code == 0
    place.stop()
    place.start()
    assert definition(place)["command"] == "echo hi"
    place.stop()


def test_json_answers_hold_the_whole_schedule(fresh: Place):
    (fresh.folder / "c.json").write_text(json.dumps({"id": "fresh", "every": "7h"}))
    said = fresh.call("schedule", "replace", "c.json", "--json")
    assert said.json["schedule"]["id"] == "fresh", said
    assert said.json["definition"]["every"] == "7h"
