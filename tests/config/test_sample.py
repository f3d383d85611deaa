import sys
from pathlib import Path

import pytest
from tests.config.writing import NOW

from cronsole.config.load import load
from cronsole.model.trigger import IntervalSpec

SAMPLE = Path(__file__).parents[2] / "sample.toml"


def test_the_sample_loads_and_makes_no_one_worry():
    configuration = load(SAMPLE, environ={}, now=NOW)
    assert configuration.warnings == ()
    assert len(configuration.schedules) > 20


def test_the_sample_needs_no_extra(monkeypatch: pytest.MonkeyPatch):
    for extra in ("celpy", "holidays"):
        monkeypatch.setitem(sys.modules, extra, None)
    load(SAMPLE, environ={}, now=NOW)


def test_the_sample_comes_alive_within_seconds():
    schedules = load(SAMPLE, environ={}, now=NOW).schedules
    quick = [s for s in schedules if isinstance(s.trigger, IntervalSpec) and s.trigger.every_ms <= 10_000]
    assert len(quick) > 10
