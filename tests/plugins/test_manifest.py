import os
from pathlib import Path

import pytest
from tests.plugins.processes import write_plugin

from cronsole.plugins.base import PluginFault
from cronsole.plugins.manifest import missing_config, read_manifest

FULL = """\
manifest_spec: ductile.plugin
manifest_version: 1
name: withings
version: 0.3
protocol: 2
entrypoint: run
description: Measurements
concurrency_safe: false
commands:
  - name: poll
    type: read
    description: Fetch
    input_schema: {since: string}
    output_schema: {type: object}
    idempotent: true
    retry_safe: false
    values:
      consume: [since]
      emit:
        - event: measured
          values: [kg]
  - name: token_refresh
    type: write
fact_outputs:
  - when: {command: poll}
    from: result
    fact_type: weight
config_keys:
  required: [base_url]
  optional: [kinds]
stopwatch: {max_subs: 3}
"""


@pytest.fixture
def home(tmp_path):
    return write_plugin(tmp_path)


def told(home: Path, text: str) -> str:
    (home / "manifest.yaml").write_text(text)
    with pytest.raises(PluginFault) as caught:
        read_manifest(home)
    return str(caught.value).replace(f"{home}/", "")


def test_a_manifest_is_read_whole(home):
    (home / "manifest.yaml").write_text(FULL)
    found = read_manifest(home)
    assert (found.name, found.version, found.description) == ("withings", "0.3", "Measurements")
    assert found.entrypoint == str(home / "run")
    assert not found.is_concurrency_safe
    assert found.required_config == ("base_url",)
    assert found.optional_config == ("kinds",)
    poll, refresh = found.commands
    assert not poll.is_write
    assert refresh.is_write
    assert poll.input_schema == '{"type":"object","properties":{"since":{"type":"string"}}}'
    assert poll.output_schema == '{"type":"object"}'
    assert (poll.is_idempotent, poll.is_retry_safe) == (True, False)
    assert (poll.consumes, poll.emits) == (("since",), ("measured.kg",))


def test_a_plugin_is_safe_to_call_twice_at_once_unless_it_says_otherwise(home):
    assert read_manifest(home).is_concurrency_safe


def test_every_fault_is_told_with_its_line(home):
    text = """\
manifest_spec: ductile.plugins
manifest_version: 2
version: 1.0
protocol: 1
entrypoint: gone
concurrency_safe: yes
commands:
  - name: poll
    type: reads
  - type: write
  - name: poll
    type: read
"""
    assert told(home, text).splitlines() == [
        'manifest.yaml:1: manifest_spec = "ductile.plugins": is not ductile.plugin, the only one that is spoken here',
        "manifest.yaml:1: name: is missing",
        "manifest.yaml:2: manifest_version = 2: is not 1, the only one that is spoken here",
        "manifest.yaml:4: protocol = 1: is not 2, the only one that is spoken here",
        'manifest.yaml:5: entrypoint = "gone": does not exist',
        'manifest.yaml:9: commands[0].type = "reads": accepted is one of read, write',
        "manifest.yaml:10: commands[1].name: is no name; accepted are letters, digits and . _ -",
    ]


def test_a_command_that_is_listed_twice_is_refused(home):
    text = FULL.replace("token_refresh", "poll")
    assert 'commands[1].name = "poll": is listed twice' in told(home, text)


def test_a_manifest_that_is_no_yaml_names_the_line(home):
    assert told(home, "name: [").startswith("manifest.yaml:")


def test_the_entrypoint_is_executable(home):
    (home / "run").chmod(0o644)
    assert "is not executable; chmod +x makes it so" in told(home, FULL)


def test_the_entrypoint_is_inside_its_folder(home):
    (home.parent / "outside").write_text("#!/bin/sh\n")
    (home.parent / "outside").chmod(0o755)
    assert "leads out of its folder" in told(home, FULL.replace("entrypoint: run", "entrypoint: ../outside"))
    (home / "link").symlink_to(home.parent / "outside")
    assert "leads out of its folder" in told(home, FULL.replace("entrypoint: run", "entrypoint: link"))


def test_the_folder_is_not_world_writable(home):
    home.chmod(0o777)
    assert "may be written by everybody; chmod o-w makes it safe" in told(home, FULL)


def test_a_folder_without_a_manifest_says_so(tmp_path):
    with pytest.raises(PluginFault, match="there is no such file"):
        read_manifest(tmp_path)


def test_a_rule_for_a_command_that_is_not_there_is_a_fault(home):
    text = FULL.replace("{command: poll}", "{command: pol}")
    expected = "manifest.yaml:25: fact_outputs[0]: is for the command 'pol'; listed are poll, token_refresh"
    assert told(home, text) == expected


def test_required_config_that_is_missing_or_empty_is_named(home):
    (home / "manifest.yaml").write_text(FULL)
    found = read_manifest(home)
    assert missing_config(found, {"base_url": "", "kinds": 1}) == ("base_url",)
    assert missing_config(found, {"base_url": "http://x"}) == ()


def test_a_command_that_is_not_listed_is_told_with_the_nearest(home):
    assert read_manifest(home).why_unlisted("pol").endswith("lists no command 'pol'; did you mean \"poll\"?")


def test_the_entrypoint_and_its_folders_can_be_written_by_nobody_else(home):
    (home / "bin").mkdir()
    (home / "run").rename(home / "bin" / "run")
    text = (home / "manifest.yaml").read_text().replace("entrypoint: run", "entrypoint: bin/run")
    (home / "bin").chmod(0o777)
    assert "is not to be run: bin can be written by everybody; run `chmod o-w bin`" in told(home, text)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_entrypoint_belongs_to_root_or_to_the_engine(home):
    os.chown(home / "run", 12_345, -1)
    assert "belongs to user 12345" in told(home, (home / "manifest.yaml").read_text())
