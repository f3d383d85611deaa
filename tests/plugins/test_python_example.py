"""The Python example, from its own folder, in a real engine; and its tests, as its author runs them."""

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime.house import House

from cronsole.config.load import load
from cronsole.errors import UnknownPlugin
from cronsole.model.event import PluginFailed, RunFinished
from cronsole.model.plugin import PluginStatus
from cronsole.model.settings import PluginSettings

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "examples" / "plugins" / "python"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path / "state")
    yield made
    await made.stop()


async def begin(house: House, config: Path, limit: int) -> None:
    """Start with a limit, which the plugin takes from a file that a test may change."""
    disks = PluginSettings("disks", config=json.dumps({"paths": [str(config)], "limit_percent": limit}))
    await house.start(plugin_roots=(str(FOLDER),), plugins=(disks,))


def made_by_it(house: House) -> list[str]:
    return [lane.id for lane in house.engine.lanes if lane.id not in ("disks/look", "disks/report")]


async def test_it_looks_twice_a_minute(house: House, tmp_path: Path) -> None:
    await begin(house, tmp_path, 100)
    await house.seconds(65)
    await house.until(RunFinished, count=2)
    assert await house.verdicts("disks/look") == ["succeeded"] * 2
    assert made_by_it(house) == []


async def test_a_full_disk_is_looked_at_closer_until_it_has_room(house: House, tmp_path: Path) -> None:
    await begin(house, tmp_path, -1)
    await house.seconds(33)
    failed = await house.until(RunFinished)
    assert failed.detail.startswith("RuntimeError: too full:")
    (closer,) = made_by_it(house)
    await house.seconds(10)
    await house.until(RunFinished, lambda event: event.schedule_id == closer)
    # A restart keeps the schedule; it does not keep what the plugin knew.
    await house.stop()
    await begin(house, tmp_path, 100)
    await house.seconds(10)
    await house.until(RunFinished, lambda event: event.schedule_id == closer, count=2)
    await house.seconds(30)
    assert await house.verdicts(closer) == ["succeeded"] * 2
    assert "no need to look closer" in (await house.rows(closer))[-1].output


def test_its_tests_pass(tmp_path: Path) -> None:
    folder = shutil.copytree(
        FOLDER / "disks", tmp_path / "disks", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a newcomer has checked out."""
    folder = tmp_path / "clone"
    shutil.copytree(FOLDER, folder / "examples/plugins/python", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "sample.toml", folder)
    return folder


async def load_sample(house: House, clone: Path) -> None:
    configuration = load(clone / "sample.toml", environ={}, now=house.clock.now())
    assert configuration.warnings == ()
    await house.start(
        plugin_roots=configuration.settings.plugin_roots, plugins=configuration.settings.plugins
    )


@pytest.mark.parametrize("umask", [0o022, 0o002], ids=oct)
async def test_the_sample_has_it_in_a_fresh_clone(house: House, clone: Path, umask: int) -> None:
    """Also where a umask of 002 lets the user's own group write: that group holds nobody else."""
    for path in (clone, *clone.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
    await load_sample(house, clone)
    record = house.engine.plugins.record("disks")
    assert record is not None
    assert (record.status, record.reason) == (PluginStatus.LOADED, "")


async def test_in_a_clone_that_others_can_write_to_it_is_refused_in_a_sentence(
    house: House, clone: Path
) -> None:
    (clone / "examples/plugins/python").chmod(0o777)
    await load_sample(house, clone)
    (failed,) = house.of(PluginFailed)
    assert failed.plugin == "disks"
    assert failed.reason.endswith(
        f"can be written by everybody; run `chmod o-w {clone}/examples/plugins/python`"
    )


async def test_the_sample_works_by_itself_where_nobody_copied_the_plugins(house: House, clone: Path) -> None:
    shutil.rmtree(clone / "examples")
    await load_sample(house, clone)
    with pytest.raises(UnknownPlugin):
        house.engine.plugins.record("disks")
    assert house.of(PluginFailed) == []
