"""Whatever stands in a file: a configuration comes of it, or problems with their places, and nothing else."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.config.writing import NOW

from cronsole.config.engine_keys import ENGINE
from cronsole.config.keys import Keys
from cronsole.config.load import load
from cronsole.config.plugin_keys import PLUGIN
from cronsole.config.task_keys import TASK
from cronsole.dialects.ductile import OF_PROCESSES
from cronsole.errors import ConfigError

FUZZ = settings(
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
PLACE = re.compile(r"(fuzz\.(toml|yaml))(:\d+)?: ")

GOOD: dict[str, list[object]] = {
    "id": ["a", "b/c", "d:e"],
    "cron": ["*/5 * * * *", "0 2 * * *", "5m", "@daily", "@startup", "@manual", "0 0 0 1 1 * 2030"],
    "every": ["5m"],
    "at": ["2027-01-01T00:00"],
    "command": ["true", ["true", "x"]],
    "timezone": ["Europe/Berlin"],
    "timeout": ["5m"],
    "retry": [1, {"attempts": 2, "delay": "1s"}],
    "tags": [["db"], "db"],
    "conditions": [{"days": ["mon"], "hours": "09:00-17:00"}, {"calendar": {"dates": ["2026-12-24"]}}],
    "env": [{"A": "${env:HOME}"}],
    "config": [{"a": [1, {"b": None}]}],
}
ODD_TEXTS: tuple[str, ...] = (
    *(
        "",
        "0",
        "5m",
        "-1s",
        "9" * 30 + "s",
        "${env:NO}",
        "${file:/no}",
        "${env:",
        "$${env:A}",
        "\x1b[31m",
        "\u202e",
    ),
    *("mon-xyz", "25:00-1:1", "http://[", "a:b", "a::b", "L W * * #", "0 0 31 2 *", "9999-12-31T23:59"),
    *("H H * * *", "*/0 * * * *", "1-0 * * * *", "0001-01-01T00:00+14:00", "../..", "~nobody-here/x"),
)


def odd_text(dice: random.Random) -> str:
    if dice.random() < 0.6:
        return dice.choice(ODD_TEXTS)
    reach = dice.choice((0x80, 0x80, 0x300, 0xD7FF, 0x10FFFF))
    letters = (chr(dice.randrange(reach)) for _ in range(dice.randrange(13)))
    return "".join(letter for letter in letters if not "\ud800" <= letter <= "\udfff")


def odd_value(dice: random.Random, depth: int = 0) -> object:
    """Return a value of any kind, now and then one that holds others."""
    kind = dice.randrange(8 if depth < 3 else 6)
    match kind:
        case 0:
            return dice.choice((None, True, False))
        case 1:
            return dice.choice((0, 1, -1, dice.randrange(-100, 100), dice.randrange(-(2**70), 2**70)))
        case 2:
            return dice.choice((0.0, -0.5, 1e308, 5e-324, dice.uniform(-1e6, 1e6)))
        case 6:
            return [odd_value(dice, depth + 1) for _ in range(dice.randrange(4))]
        case 7:
            names = (
                odd_text(dice) if dice.random() < 0.5 else dice.choice([*TASK])
                for _ in range(dice.randrange(4))
            )
            return {name: odd_value(dice, depth + 1) for name in names}
        case _:
            return odd_text(dice)


# Made beforehand: to have each put together anew, choice by choice, would take most of the time there is.
VALUES = st.sampled_from([odd_value(random.Random(number)) for number in range(20_000)])


def tables(keys: Keys) -> st.SearchStrategy[dict[str, object]]:
    """Return tables that are right for the most part, for what is right in one place leads further in."""

    def values_of(name: str) -> st.SearchStrategy[object]:
        nested = keys[name].keys if name in keys else {}
        good = st.sampled_from(GOOD[name]) if name in GOOD else VALUES
        return st.one_of(good, good, VALUES, tables(nested) if nested else good)

    names = st.lists(st.sampled_from([*keys]), max_size=4, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: values_of(name) for name in chosen}))


CONFIGURATIONS = st.fixed_dictionaries(
    {"tasks": st.lists(tables(TASK).map(lambda task: {"id": "a", "cron": "5m"} | task), max_size=3) | VALUES},
    optional={
        "engine": tables(ENGINE) | VALUES,
        "defaults": tables(TASK) | VALUES,
        "scheduled": VALUES | st.just({"provider": "cron"}),
        "plugins": VALUES | st.fixed_dictionaries({"sample": tables({**PLUGIN, **OF_PROCESSES}) | VALUES}),
        "plugin_roots": VALUES,
        "include": VALUES,
        "other": VALUES,
    },
)

SOUND = """\
[engine]
timezone = "Europe/Berlin"
tag_limits = { db = 2 }
[defaults]
retry = { attempts = 2, delay = "10s" }
[[tasks]]
id = "a"
cron = "*/5 2-4 * * mon"
command = "echo ${env:HOME:-x}"
config = { a = 1, b = [2026-01-01, 1.5] }
[[tasks]]
name = 'b'
every = "5m"
start_at = 2026-01-01T00:00:00Z
[tasks.conditions]
days = ["mon", 3]
hours = "22:00-06:00"
"""
SOUND_YAML = """\
engine: {timezone: Europe/Berlin}
defaults: &d
  retry: 2
tasks:
  - id: a
    cron: "*/5 * * * *"
    <<: *d
    tags: [x, y]
  - {name: b, every: 5m, command: [a, 'b']}
"""
EDITS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 12),
        st.text(max_size=3) | st.sampled_from([*"[]{}\"'=\n.,:&*#-\\"]),
    ),
    min_size=1,
    max_size=4,
)


def outcome(path: Path, text: str | bytes) -> None:
    """Load a text; all that may come of it is a configuration, or problems that each name their place."""
    # A new file: to empty one that holds something, the disk would be waited for.
    path.unlink(missing_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
    for problem in problems_of(path):
        assert PLACE.match(problem.removeprefix(f"{path.parent}/")), problem
        assert "\n" not in problem
        assert "\x1b" not in problem


def problems_of(path: Path) -> tuple[str, ...]:
    try:
        load(path, environ={"HOME": "/root"}, now=NOW)
    except ConfigError as error:
        return error.problems or ("no problem, and no configuration",)
    return ()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@settings(FUZZ, max_examples=4000)
@given(configuration=CONFIGURATIONS)
def test_any_values_give_a_configuration_or_problems(home: Path, configuration: dict[str, object]):
    outcome(home / "fuzz.yaml", json.dumps(configuration))


@settings(FUZZ, max_examples=4000)
@given(edits=EDITS)
def test_any_edit_of_toml_gives_a_configuration_or_problems(home: Path, edits: list[tuple[int, int, str]]):
    outcome(home / "fuzz.toml", edited(SOUND, edits))


@settings(FUZZ, max_examples=2000)
@given(edits=EDITS)
def test_any_edit_of_yaml_gives_a_configuration_or_problems(home: Path, edits: list[tuple[int, int, str]]):
    outcome(home / "fuzz.yaml", edited(SOUND_YAML, edits))


@settings(FUZZ, max_examples=300)
@given(content=st.binary(max_size=60))
@pytest.mark.parametrize("name", ["fuzz.toml", "fuzz.yaml"])
def test_any_bytes_give_a_configuration_or_problems(home: Path, name: str, content: bytes):
    outcome(home / name, content)


def edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for at, length, inserted in edits:
        text = text[:at] + inserted + text[at + length :]
    return text
