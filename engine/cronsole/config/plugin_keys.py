"""`[plugins.NAME]` and `plugin_roots`: which plugins there are, and what each is told."""

from typing import Any, Final

import msgspec

from cronsole.config import actions, values
from cronsole.config.keys import Key, Keys, Scope, attempt, read_table, table_of
from cronsole.config.problems import Fault, Flaw, missing, wrong_kind
from cronsole.config.task_keys import read_config
from cronsole.model.settings import PluginSettings


def read_argv(value: object, scope: Scope) -> tuple[str, ...]:
    """Read the command of a remote plugin: a list of words, for there is no shell between it and the engine."""
    if not isinstance(value, list):
        raise wrong_kind(value, 'a list of words such as ["./my-plugin", "--verbose"]')
    words = actions.read_command(value, scope)
    assert isinstance(words, tuple)
    return words


def read_module(value: object, scope: Scope) -> str:
    name = values.word(value, scope)
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *([attribute] if ":" in name else []))):
        raise Fault('is not a module; accepted is "package.module" or "package.module:Class"')
    return name


PLUGIN: Final = table_of(
    Key("enabled", "true or false", values.truth, "Whether it is loaded at all.", default="true"),
    Key(
        "priority",
        "a count",
        values.count(0),
        "Of two plugins that declare one id, the higher fires.",
        default="the plugin's own",
    ),
    Key("path", "a path", values.path, "A Python file, or the folder of a plugin."),
    Key("module", "module:Class", read_module, "A Python plugin on the Python path."),
    Key("uses", "a name", actions.read_plugin, "The plugin whose code it shares."),
    Key("grpc", "an address", values.word, "A remote plugin: `host:port`, or `unix:PATH`."),
    Key("command", "a list of words", read_argv, "A remote plugin that the engine starts and supervises."),
    Key("env", "a table", actions.read_env, "Variables of the plugin's processes."),
    Key("config", "a table", read_config, "What the plugin is handed, as JSON."),
    Key("config_json", "JSON text", values.text, "Another spelling of `config`.", "config"),
)

# Whose code a table means is said in one way.
_WHERE: Final = ("path", "module", "uses", "grpc", "command")


def read_plugin(name: str, value: object, scope: Scope, keys: Keys = PLUGIN) -> PluginSettings:
    """Return what a table says of a plugin; a Fault tells of everything that is wrong with it."""
    try:
        actions.read_plugin(name, scope)
    except Fault as fault:
        raise Fault([Flaw((), name, str(fault))]) from fault
    fields: dict[str, Any] = read_table(value, keys, scope)
    assert isinstance(value, dict)
    flaws: list[Flaw] = []
    where = [key for key in _WHERE if key in value]
    if len(where) > 1:
        flaws.append(missing(where[-1], f"stands beside {where[0]}; a plugin has one of {', '.join(_WHERE)}"))
    if "config" in value and "config_json" in value:
        flaws.append(missing("config_json", 'is another spelling of "config", which is given too'))
    if "env" in value and ("module" in value or "grpc" in value):
        flaws.append(missing("env", "means nothing but to a plugin that the engine starts as a process"))
    if flaws:
        raise Fault(flaws)
    return PluginSettings(name, **fields)


def read_roots(value: object, scope: Scope) -> tuple[str, ...]:
    """Read the folders in which plugins are looked for; a relative one starts at the folder of its file."""
    names: tuple[str, ...] = attempt(values.texts, value, scope)
    return tuple(values.path(name, scope) for name in names)


def with_origin(plugin: PluginSettings, origin: str) -> PluginSettings:
    """Return the settings with the place that they stand at."""
    return msgspec.structs.replace(plugin, origin=origin)
