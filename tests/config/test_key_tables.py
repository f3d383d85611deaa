import re
from pathlib import Path

import msgspec
import pytest

from cronsole.config.engine_keys import ENGINE, KEEP
from cronsole.config.key_tables import with_tables
from cronsole.config.keys import Keys
from cronsole.config.tables import CIRCUIT_BREAKER, EXPECT, LIMITS, NOTIFY, RETRY
from cronsole.config.task_keys import POLICIES, TASK, field_of
from cronsole.model.policy import CircuitBreaker, Expect, Limits, Notify, Policy, Retry
from cronsole.model.settings import KeepRuns, Settings

ROOT = Path(__file__).parents[2]


def test_the_reference_says_what_the_code_reads():
    page = (ROOT / "docs/configuration.md").read_text()
    assert with_tables(page) == page, "run: python -m cronsole.config.key_tables docs/configuration.md"
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == {*TASK, *ENGINE}


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (ENGINE, Settings),
        (KEEP, KeepRuns),
        (RETRY, Retry),
        (CIRCUIT_BREAKER, CircuitBreaker),
        (EXPECT, Expect),
        (LIMITS, Limits),
        (NOTIFY, Notify),
    ],
)
def test_every_field_of_the_model_has_its_key(keys: Keys, kind: type[msgspec.Struct]):
    assert {key.field or key.name for key in keys.values()} == set(kind.__struct_fields__)


def test_every_policy_has_its_key():
    assert {field_of(name) for name in POLICIES} == set(Policy.__struct_fields__)
