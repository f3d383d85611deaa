"""`pytest examples/plugins/python/disks`: an author's tests, without an engine."""

import json
import sys
from pathlib import Path

from cronsole.testing import run_plugin

sys.path.insert(0, str(Path(__file__).parent))
from plugin import Disks

ROOMY = json.dumps({"paths": ["/"], "limit_percent": 100})
FULL = json.dumps({"paths": ["/"], "limit_percent": -1})


def test_a_disk_with_room_is_fine():
    run = run_plugin(Disks, "disks/look", plugin_config_json=ROOMY)
    assert run.has_succeeded, run.detail
    assert "the limit is 100%" in run.output
    assert run.made == ()


def test_a_full_disk_fails_and_is_looked_at_more_often():
    run = run_plugin(Disks, "disks/look", plugin_config_json=FULL)
    assert run.detail == "RuntimeError: too full: /"
    (made,) = run.made
    assert (made.handler, made.every_ms, made.payload) == ("look_closer", 10_000, '{"path":"/"}')


def test_a_report_says_when_it_is_late():
    for is_catchup in (False, True):
        run = run_plugin(Disks, "disks/report", is_catchup=is_catchup, plugin_config_json=ROOMY)
        assert ("slept through" in run.output) is is_catchup
        assert "GB free" in run.output


def test_a_path_that_is_not_there_fails_the_run():
    run = run_plugin(Disks, "disks/look", plugin_config_json=json.dumps({"paths": ["/no/such/path"]}))
    assert not run.has_succeeded
    assert "/no/such/path" in run.detail


def test_what_is_declared_holds_what_it_promises():
    look = run_plugin(Disks, "disks/look", plugin_config_json=ROOMY).schedule
    assert (look.policy.jitter_ms, look.policy.locking.value, look.policy.missed_run_policy.value) == (
        2_000,
        "node_local",
        "skip",
    )
