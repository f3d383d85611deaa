import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.living import Place

from cronsole.cli import export
from cronsole.cli.crontab_export import export_crontab
from cronsole.cli.crontab_import import import_crontab
from cronsole.config.load import load
from cronsole.model.schedule import Schedule

SAMPLE = Path(__file__).parents[2] / "sample.toml"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("export"), "")
    shutil.copy(SAMPLE, found.config)
    found.config.write_text(
        found.config.read_text().replace("[engine]\n", f'[engine]\nstate_dir = "{found.state}"\n', 1)
    )
    found.start()
    yield found
    found.stop()


def schedules(path: Path) -> dict[str, Schedule]:
    found = load(path, now=0, environ={}).schedules
    return {schedule.id: schedule for schedule in found}


def meanings(path: Path) -> dict[str, object]:
    """Return all that decides what the schedules of a file do, but not where it stands."""
    fields = ("trigger", "timezone", "dst", "action", "config", "policy", "description", "tags", "enabled")
    return {
        schedule_id: [getattr(schedule, field) for field in fields]
        for schedule_id, schedule in schedules(path).items()
    }


def test_the_whole_sample_reads_back_equal_from_its_export(place: Place, tmp_path: Path):
    said = place.call("export")
    assert said.code == 0, said
    copy = tmp_path / "copy.toml"
    # Channels are the engine's, not a schedule's.
    copy.write_text('[notify.ops]\ntype = "log"\n' + said.out)
    assert meanings(copy) == meanings(place.config)


def test_json_is_one_definition_a_line_and_keeps_references(place: Place):
    said = place.call("export", "deploy/notify", "heartbeat", "--format", "json")
    assert len(said.out.splitlines()) == 2
    assert "${env:DEMO_TOKEN:-not-a-real-token}" in said.out
    assert place.call("export", "heartbeat", "--json").out == said.out.splitlines(keepends=True)[1]


def test_an_unknown_id_is_no_silent_gap(place: Place):
    assert place.call("export", "heartbeet").code == 1


class Counting:
    """Answers every question once as many are asked as ever will be at once, the last one first."""

    def __init__(self) -> None:
        self.waiting: list[asyncio.Event] = []
        self.most = 0

    async def schedule(self, schedule_id: str) -> str:
        turn = asyncio.Event()
        self.waiting.append(turn)
        self.most = max(self.most, len(self.waiting))
        asyncio.get_running_loop().call_later(0, self._answer_last)
        await turn.wait()
        return schedule_id

    def _answer_last(self) -> None:
        self.waiting.pop().set()


async def test_few_are_asked_for_at_once_and_all_stay_in_their_order():
    client, ids = Counting(), [f"s{number}" for number in range(100)]
    assert await export._details(client, ids) == ids  # type: ignore[arg-type,comparison-overlap] # names stand for all
    assert client.most == 16


def test_a_crontab_holds_what_cron_can_say_and_the_rest_is_told(place: Place):
    said = place.call("export", "--format", "crontab")
    assert said.code == 0, said
    assert "30 4 * * mon-fri export STAGE=demo; echo report for $(date +\\%F)" in said.out
    assert "# 0 3 * * * export STAGE=demo; false" in said.out
    assert "heartbeat is left out" in said.err
    assert "shop/nightly-report needs CRON_TZ=Europe/Berlin" in said.err


def test_what_was_exported_to_a_crontab_can_be_imported_again():
    definition = {
        "id": "a",
        "cron": "*/5 1-3 * * mon",
        "timezone": "UTC",
        "command": ["printf", "%s", "it's"],
        "env": {"A": "b c"},
        "cwd": "/srv",
        "overlap": "allow",
    }
    exported = export_crontab([definition], timezone="UTC")
    assert exported.told == ()
    imported = import_crontab(exported.text, is_system=False, timezone="UTC")
    assert imported.told == ()
    assert "*/5 1-3 * * mon" in imported.text
    assert "cd /srv || exit; export A='b c'; printf %s " in imported.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cron": "0 0 4 * * *"}, "cannot read"),
        ({"cron": "H 4 * * *"}, "cannot read"),
        ({"cron": None, "every": "5m"}, "`every`"),
        ({"command": None, "http": {"url": "x"}}, "no command"),
        ({"command": "echo ${env:SECRET}"}, "secret"),
        ({"command": "a\nb"}, "several lines"),
        ({"user": "nobody"}, "nobody"),
    ],
)
def test_what_cron_cannot_say_becomes_a_comment(changes: dict[str, object], reason: str):
    whole = {"id": "a", "cron": "@daily", "command": "true", "overlap": "allow", **changes}
    if "cron" not in changes:
        whole["cron"] = "0 4 * * *"
    definition = {key: value for key, value in whole.items() if value is not None}
    exported = export_crontab([definition], timezone="UTC")
    assert reason in exported.told[0]
    assert all(line.startswith("#") for line in exported.text.splitlines() if line)


def test_a_startup_becomes_a_reboot_and_lost_policies_are_told():
    exported = export_crontab(
        [{"id": "a", "cron": "@startup", "command": "true", "timeout": "5m"}], timezone="UTC"
    )
    assert "@reboot true" in exported.text
    assert exported.told == ("a loses timeout, overlap",)
