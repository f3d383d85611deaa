import subprocess
import sys

import msgspec
import pytest

from cronsole.config.hashing import definition_hash, trigger_hash
from cronsole.model.action import Command
from cronsole.model.policy import Conditions, Policy
from cronsole.model.schedule import Origin, Schedule
from cronsole.model.trigger import CronSpec, DstPolicy, IntervalSpec

ONE = Schedule("a", CronSpec("* * * * *"), Command("true"))


@pytest.mark.parametrize(
    ("change", "retimes"),
    [
        ({"trigger": CronSpec("*/2 * * * *")}, True),
        ({"trigger": IntervalSpec(60_000)}, True),
        ({"timezone": "Europe/Berlin"}, True),
        ({"dst": DstPolicy.SKIP}, True),
        ({"start": 1}, True),
        ({"end": 1}, True),
        ({"policy": Policy(jitter_ms=5)}, False),
        ({"action": Command(("true",))}, False),
        ({"enabled": False}, False),
        ({"description": "x"}, False),
        ({"tags": ("db",)}, False),
        ({"config": "{}"}, False),
        ({"max_runs": 1}, False),
    ],
)
def test_any_change_changes_the_definition_and_only_some_the_trigger(
    change: dict[str, object], retimes: bool
):
    other = msgspec.structs.replace(ONE, **change)
    assert definition_hash(other) != definition_hash(ONE)
    assert (trigger_hash(other) != trigger_hash(ONE)) is retimes


def test_a_schedule_that_moved_in_its_file_is_the_same():
    moved = msgspec.structs.replace(ONE, origin=Origin(name="other.toml", line=99))
    assert definition_hash(moved) == definition_hash(ONE)


def test_hashes_are_the_same_in_every_process():
    conditions = Conditions(environment=frozenset({"a", "b", "c", "d"}), days=frozenset({1, 5, 3}))
    mine = definition_hash(msgspec.structs.replace(ONE, policy=Policy(conditions=conditions)))
    code = (
        "from tests.config.test_hashing import *;"
        "c = Conditions(environment=frozenset({'d', 'c', 'b', 'a'}), days=frozenset({3, 5, 1}));"
        "print(definition_hash(msgspec.structs.replace(ONE, policy=Policy(conditions=c))))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == mine
