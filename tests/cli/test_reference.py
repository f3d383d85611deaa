import re
from pathlib import Path

import pytest

from cronsole.cli.main import VERBS
from cronsole.cli.reference import JSON_SHAPES, page
from cronsole.model import plugin, prospect, view

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def section(verb: str) -> str:
    _, _, rest = page().partition(f"## `cronsole {verb}`")
    return rest.partition("\n## ")[0]


def test_the_page_is_as_the_code_makes_it():
    # Made anew by `python -m cronsole.cli.reference docs/cli.md`.
    assert PAGE.read_text() == page()


def test_every_verb_says_what_it_answers_in_json():
    assert JSON_SHAPES.keys() == VERBS.keys()


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"engine"}))
def test_every_verb_has_json(verb: str):
    assert "| `--json` |" in section(verb)


def test_the_engine_logs_json():
    assert "One of `text`, `json`." in section("engine")


def test_the_shapes_are_those_of_the_api():
    named = {
        name for shape in JSON_SHAPES.values() for name in re.findall(r"[A-Z]\w+(?:View|Detail|Chunk)", shape)
    }
    assert {
        name for name in named if not any(hasattr(module, name) for module in (plugin, prospect, view))
    } == set()
    assert {"RunView", "EffectView", "ScheduleDetail"} <= named
