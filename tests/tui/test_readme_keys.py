from pathlib import Path

import pytest

from cronsole_tui.keymap import ACTIONS
from cronsole_tui.reference import table, with_table

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["README.md", "docs/console.md"])
def test_the_table_of_keys_is_that_of_the_console(name: str):
    text = (REPOSITORY / name).read_text()
    assert with_table(text) == text, "`make screenshots` writes the table of keys anew"


def test_every_action_is_in_the_table():
    lines = table().splitlines()
    assert [action.name for action in ACTIONS] == [line.split("`")[-2] for line in lines[2:]]


def test_a_page_without_the_marks_is_told():
    with pytest.raises(ValueError, match="end of keys"):
        with_table("# a page\n")
