import errno
import os
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from tests.plugins.python_plugins import Yard, plugin_class

from cronsole.model.plugin import Carrier, PluginStatus
from cronsole.model.settings import PluginSettings, Settings
from cronsole.plugins import discovery
from cronsole.plugins.discovery import discover, installed

MANIFEST = "manifest_spec: ductile.plugin\n"


def found(settings: Settings) -> dict[str, Carrier]:
    return {one.name: one.carrier for one in discover(settings).found}


def test_a_root_holds_files_and_folders_of_plugins(yard: Yard) -> None:
    yard.write("alone.py", "")
    yard.write("folder/plugin.py", "")
    yard.write("package/__init__.py", "")
    yard.write("process/manifest.yaml", MANIFEST)
    yard.write("_private.py", "")
    yard.write(".hidden/plugin.py", "")
    yard.write("notes/readme.md", "")
    names = dict.fromkeys(("alone", "folder", "package"), Carrier.PYTHON)
    assert found(Settings(plugin_roots=(str(yard.folder),))) == names


def test_a_process_plugin_is_loaded_when_a_table_names_it(yard: Yard) -> None:
    yard.write("process/manifest.yaml", MANIFEST)
    roots = (str(yard.folder),)
    assert found(Settings(plugin_roots=roots, plugins=(PluginSettings("process"),))) == {
        "process": Carrier.PROCESS
    }
    assert found(Settings(plugin_roots=roots, plugins=(PluginSettings("alias", uses="process"),))) == {
        "alias": Carrier.PROCESS
    }


@pytest.mark.parametrize(
    "settings", [PluginSettings("far", grpc="host:50051"), PluginSettings("far", command=("./far",))]
)
def test_an_address_or_a_command_makes_a_remote_plugin(settings: PluginSettings) -> None:
    assert found(Settings(plugins=(settings,))) == {"far": Carrier.GRPC}


async def test_an_entry_point_of_the_group_is_a_plugin(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.write("on_path/sample_of_entry_point.py", plugin_class())
    monkeypatch.syspath_prepend(str(yard.folder / "on_path"))
    point = EntryPoint("sample", "sample_of_entry_point:Sample", discovery.GROUP)
    monkeypatch.setattr(
        discovery, "entry_points", lambda group: [point] if group == "cronsole.plugins" else []
    )
    await yard.load()
    assert yard.ids("sample") == ["gc"]
    assert installed(Settings()) == ("cron", "sample")


async def test_an_entry_point_is_read_afresh_when_asked_for(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = yard.write("on_path/sample_that_changes.py", plugin_class())
    monkeypatch.syspath_prepend(str(file.parent))
    settings = PluginSettings("sample", module="sample_that_changes")
    await yard.load(settings)
    file.write_text(plugin_class('Schedule("changed", "5m")'))
    await yard.load(settings, anew=("sample",))
    assert yard.ids("sample") == ["changed"]


def reason(yard: Yard) -> str:
    (rejected,) = discover(Settings(plugin_roots=(str(yard.folder),))).rejected
    return rejected.reason


def test_code_that_others_can_write_is_refused(yard: Yard) -> None:
    file = yard.write("open.py", "")
    file.chmod(0o666)
    assert reason(yard) == f"{file} can be written by everybody; run `chmod o-w {file}`"


def test_code_in_a_folder_that_others_can_write_is_refused(yard: Yard) -> None:
    yard.write("open.py", "")
    yard.folder.chmod(0o777)
    assert f"{yard.folder} can be written by everybody" in reason(yard)


def test_a_module_of_a_package_that_others_can_write_is_refused(yard: Yard) -> None:
    yard.write("package/__init__.py", "")
    yard.write("package/inner/deep.py", "").chmod(0o666)
    assert "deep.py can be written by everybody" in reason(yard)


def test_code_on_a_way_that_others_can_change_is_refused(yard: Yard) -> None:
    yard.write("fine.py", "")
    yard.folder.parent.chmod(0o777)
    assert f"{yard.folder.parent}, on the way to it, can be written by everybody" in reason(yard)


def test_a_link_that_leads_out_of_the_folder_is_refused(yard: Yard, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("")
    (yard.folder / "link.py").symlink_to(outside)
    assert reason(yard) == (
        f"{yard.folder}/link.py leads out of {yard.folder}, to {outside}; a plugin's code lies within its folder"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_code_of_another_user_is_refused(yard: Yard) -> None:
    file = yard.write("theirs.py", "")
    os.chown(file, 65534, 65534)
    assert reason(yard) == (
        f"{file} belongs to user 65534; it has to belong to root or to the engine's own user"
    )


async def test_what_is_refused_is_listed_and_told(yard: Yard) -> None:
    yard.write("open.py", plugin_class()).chmod(0o666)
    await yard.load()
    assert yard.record("open").status is PluginStatus.FAILED
    assert "can be written by everybody" in yard.told[0]


def test_a_path_that_is_no_plugin_is_told_with_what_is_accepted(yard: Yard) -> None:
    yard.write("notes.md", "")
    (rejected,) = discover(
        Settings(plugins=(PluginSettings("n", path=str(yard.folder / "notes.md")),))
    ).rejected
    assert "accepted are a Python file" in rejected.reason
    (rejected,) = discover(Settings(plugins=(PluginSettings("n", path="/nowhere/at/all"),))).rejected
    assert rejected.reason == "/nowhere/at/all does not exist"


async def test_a_place_that_cannot_be_looked_into_is_refused_and_the_rest_is_loaded(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_file(path: Path) -> bool:
        if "closed" in path.parts:
            raise PermissionError(errno.EACCES, "Permission denied")
        return os.path.isfile(path)

    yard.write("good.py", plugin_class())
    yard.write("closed/plugin.py", plugin_class('Schedule("other", "5m")'))
    monkeypatch.setattr(Path, "is_file", is_file)
    await yard.load()
    assert yard.ids("good") == ["gc"]
    assert (
        yard.record("closed").reason == f"{yard.folder / 'closed'} cannot be looked into: Permission denied"
    )


async def test_code_that_goes_while_it_is_looked_at_is_refused_and_the_rest_is_loaded(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stamps(path: Path) -> list[tuple[str, int, int]]:
        if path.name == "gone.py":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
        return []

    yard.write("good.py", plugin_class())
    yard.write("gone.py", plugin_class('Schedule("other", "5m")'))
    monkeypatch.setattr(discovery, "_stamps", stamps)
    await yard.load()
    assert yard.ids("good") == ["gc"]
    assert yard.record("gone").status is PluginStatus.FAILED
    assert "No such file or directory" in yard.record("gone").reason
