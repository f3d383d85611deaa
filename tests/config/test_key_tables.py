import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cronsole.config.api_keys import API
from cronsole.config.channels import KINDS
from cronsole.config.engine_keys import ENGINE, KEEP
from cronsole.config.key_tables import with_tables
from cronsole.config.keys import Keys
from cronsole.config.plugin_keys import PLUGIN
from cronsole.config.tables import CIRCUIT_BREAKER, EXPECT, LIMITS, NOTIFY, RETRY
from cronsole.config.task_keys import POLICIES, TASK, field_of
from cronsole.dialects.ductile import OF_PROCESSES
from cronsole.model.policy import CircuitBreaker, Expect, Limits, Notify, Policy, Retry
from cronsole.model.settings import Api, KeepRuns, PluginSettings, Settings

ROOT = Path(__file__).parents[2]


def test_the_reference_says_what_the_code_reads():
    page = (ROOT / "docs/configuration.md").read_text()
    assert with_tables(page) == page, "run: python -m cronsole.config.key_tables docs/configuration.md"
    channels = {key for kind in KINDS.values() for key in kind.keys}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == {
        *TASK,
        *ENGINE,
        *API,
        *PLUGIN,
        *OF_PROCESSES,
        *channels,
    }


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (KEEP, KeepRuns),
        (API, Api),
        (RETRY, Retry),
        (CIRCUIT_BREAKER, CircuitBreaker),
        (EXPECT, Expect),
        (LIMITS, Limits),
        (NOTIFY, Notify),
    ],
)
def test_every_field_of_the_model_has_its_key(keys: Keys, kind: type[msgspec.Struct]):
    assert {key.field or key.name for key in keys.values()} == set(kind.__struct_fields__)


def test_every_setting_has_its_key_or_its_table():
    assert {key.field or key.name for key in ENGINE.values()} | {
        "channels",
        "api",
        "plugins",
        "plugin_roots",
        "provider",
    } == set(Settings.__struct_fields__)


def test_every_field_of_a_plugin_has_its_key():
    keys = {key.field or key.name for key in {**PLUGIN, **OF_PROCESSES}.values()}
    # `schedule` is another spelling of `schedules`.
    assert keys - {"schedule"} | {"name", "origin"} == set(PluginSettings.__struct_fields__)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_field_of_a_channel_has_its_key(kind: Any):
    named = {key.field or key.name for key in kind.keys.values()}
    assert named | {"name"} == set(kind.make.__struct_fields__)


def test_every_policy_has_its_key():
    assert {field_of(name) for name in POLICIES} == set(Policy.__struct_fields__)
