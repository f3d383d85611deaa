import pytest
from tests.config.writing import Folder

from cronsole.model.action import PluginCall
from cronsole.model.settings import PluginSettings

TASK = '[[tasks]]\nid = "t"\ncron = "5m"\n'


def plugins(folder: Folder, text: str) -> dict[str, PluginSettings]:
    return {plugin.name: plugin for plugin in folder.load(TASK + text).settings.plugins}


def test_a_table_says_what_is_to_be_known_of_a_plugin(folder: Folder):
    (sample,) = plugins(
        folder,
        '[plugins.sample]\npath = "here/sample.py"\npriority = 2000\nenabled = false\nconfig = { a = 1 }\n',
    ).values()
    assert (sample.path, sample.priority, sample.enabled) == (f"{folder.path}/here/sample.py", 2000, False)
    assert (sample.config, sample.origin) == ('{"a":1}', f"{folder.path}/c.toml:4")


def test_a_plugin_may_be_a_module_an_address_or_a_command(folder: Folder):
    found = plugins(
        folder,
        '[plugins.a]\nmodule = "pkg.mod:Class"\n[plugins.b]\ngrpc = "unix:/run/b.sock"\n'
        '[plugins.c]\ncommand = ["./c", "-v"]\nenv = { A = "1" }\n[plugins.d]\nuses = "c"\n',
    )
    assert (found["a"].module, found["b"].grpc, found["c"].command) == (
        "pkg.mod:Class",
        "unix:/run/b.sock",
        ("./c", "-v"),
    )
    assert (found["c"].env, found["d"].code) == ((("A", "1"),), "c")


@pytest.mark.parametrize("written", ['"plugins"', '["plugins", "/opt/more"]'])
def test_the_roots_are_folders_that_are_watched(folder: Folder, written: str):
    configuration = folder.load(f"plugin_roots = {written}\n{TASK}")
    assert configuration.settings.plugin_roots[0] == f"{folder.path}/plugins"
    assert set(configuration.settings.plugin_roots) <= set(configuration.folders)


def test_an_included_file_may_bring_plugins_along(folder: Folder):
    folder.write('plugin_roots = "more"\n[plugins.inner]\npriority = 1\n' + TASK, "inner.toml")
    configuration = folder.load(
        'include = "inner.toml"\nplugin_roots = "roots"\n[plugins.outer]\npriority = 2\n'
    )
    assert [plugin.name for plugin in configuration.settings.plugins] == ["outer", "inner"]
    assert configuration.settings.plugin_roots == (f"{folder.path}/roots", f"{folder.path}/more")


def test_a_plugin_is_described_once_in_all_files(folder: Folder):
    folder.write("[plugins.twice]\npriority = 1\n" + TASK, "inner.toml")
    (problem,) = folder.problems('include = "inner.toml"\n[plugins.twice]\npriority = 2\n')
    assert "inner.toml:1: plugins.twice: is already described at " in problem
    assert problem.endswith("c.toml:2")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[plugins.p]\npriorityy = 1", 'plugins.p.priorityy = 1: unknown key; did you mean "priority"?'),
        (
            '[plugins.p]\npath = "a.py"\nmodule = "b"',
            "plugins.p.module: stands beside path; a plugin has one of path, module, uses, grpc, command",
        ),
        ('[plugins.p]\nmodule = "a b"', "is not a module; accepted is"),
        ('[plugins.p]\ncommand = "./p --verbose"', "is text; accepted is a list of words"),
        ('[plugins.p]\nmodule = "m"\nenv = { A = "1" }', "plugins.p.env: means nothing but to a plugin that"),
        ("[plugins.p]\npriority = -1", "plugins.p.priority = -1"),
        ('[plugins."a b"]\nenabled = true', "is not the name of a plugin"),
        ("plugins = 5", "plugins = 5: is a number; accepted is a table of plugins"),
        ("plugin_roots = 5", "plugin_roots = 5"),
    ],
)
def test_a_mistake_is_told_with_what_is_accepted(folder: Folder, written: str, told: str):
    problems = folder.problems(f"{written}\n{TASK}")
    assert told in problems[0], problems


@pytest.mark.parametrize("written", ['plugin = "mail"\ncall = "send"', 'handler = "mail::send"'])
def test_a_task_calls_a_plugin_in_two_spellings(folder: Folder, written: str):
    (schedule,) = folder.load(TASK + written).schedules
    assert schedule.action == PluginCall("mail", "send")


@pytest.mark.parametrize("handler", ["a b::send", "mail::", "::send", "mail::a b", "a::b::c"])
def test_what_is_neither_a_function_nor_a_verb_is_refused(folder: Folder, handler: str):
    assert "is not a function" in folder.problem(f'cron = "5m"\nhandler = "{handler}"')
