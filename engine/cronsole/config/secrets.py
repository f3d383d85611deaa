"""References to what a file shall not hold: `${env:NAME}`, `${env:NAME:-default}`, `${file:/path}`."""

import os
import re
import stat
from collections.abc import Mapping
from typing import Final

import msgspec

from cronsole.errors import ConfigError
from cronsole.model.action import Action, Celery, Command, Http, Pairs, PluginCall, Publish

# A longer one is a log or a database, named by mistake.
LONGEST_FILE: Final = 64 * 1024

_REFERENCE: Final = re.compile(r"(?P<escape>\$?)\$\{(?P<kind>env|file):(?P<rest>[^}]*)(?P<close>\}?)")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def has_reference(text: str) -> bool:
    """Return whether a text holds a reference of ours; any other `${…}` is the shell's."""
    return "${env:" in text or "${file:" in text


def escaped(text: str) -> str:
    """Return a text that stands for this one where references are replaced."""
    return _REFERENCE.sub(lambda found: f"${found[0]}", text) if has_reference(text) else text


def resolve_text(text: str, environ: Mapping[str, str]) -> str:
    """Return a text with its references replaced; ConfigError names the one that cannot be."""
    if not has_reference(text):
        return text
    return _REFERENCE.sub(lambda found: _value(found, environ), text)


def resolve_config(text: str, environ: Mapping[str, str]) -> str:
    """Return a run's JSON text with its references replaced inside its strings, whatever the values hold."""
    if not has_reference(text):
        return text
    try:
        tree = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return resolve_text(text, environ)
    return msgspec.json.encode(resolve_tree(tree, environ)).decode()


def resolve_tree(tree: object, environ: Mapping[str, str]) -> object:
    """Return a tree of tables and lists with the references in its texts replaced."""
    match tree:
        case str():
            return resolve_text(tree, environ)
        case list():
            return [resolve_tree(item, environ) for item in tree]
        case dict():
            return {key: resolve_tree(item, environ) for key, item in tree.items()}
        case _:
            return tree


def resolve_action(action: Action, environ: Mapping[str, str]) -> Action:
    """Return an action ready to be carried out; ConfigError names a reference that cannot be replaced."""
    match action:
        case Command(run=run):
            words = resolve_text(run, environ) if isinstance(run, str) else _all(run, environ)
            return msgspec.structs.replace(action, run=words, env=_pairs(action.env, environ))
        case Http():
            return msgspec.structs.replace(
                action,
                url=resolve_text(action.url, environ),
                headers=_pairs(action.headers, environ),
                body=None if action.body is None else resolve_text(action.body, environ),
            )
        case Publish():
            message, url = _all((action.message, action.url), environ)
            return msgspec.structs.replace(action, message=message, url=url)
        case PluginCall(task=task) if task:
            return msgspec.structs.replace(action, task=resolve_config(task, environ))
        case Celery():
            return msgspec.structs.replace(
                action,
                broker=resolve_text(action.broker, environ),
                args_json=resolve_config(action.args_json, environ),
                kwargs_json=resolve_config(action.kwargs_json, environ),
            )
        case _:
            return action


def files_named(text: str) -> list[str]:
    """Return the paths of the files that a text refers to."""
    return [
        found["rest"]
        for found in _REFERENCE.finditer(text)
        if found["kind"] == "file" and not found["escape"] and found["close"]
    ]


def _all(texts: tuple[str, ...], environ: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(resolve_text(text, environ) for text in texts)


def _pairs(pairs: Pairs, environ: Mapping[str, str]) -> Pairs:
    return tuple((name, resolve_text(value, environ)) for name, value in pairs)


def _value(found: re.Match[str], environ: Mapping[str, str]) -> str:
    if found["escape"]:
        return found[0][1:]
    if not found["close"]:
        raise ConfigError((f"${{{found['kind']}: has no closing brace",))
    if found["kind"] == "file":
        return _content(found["rest"])
    name, has_default, default = found["rest"].partition(":-")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            (f"${{env:{name[:60]}}} is not the name of a variable; accepted are letters, digits and _",)
        )
    value = environ.get(name, "")
    if value or (name in environ and not has_default):
        return value
    if has_default:
        return default
    raise ConfigError(
        (f"the environment variable {name} is not set; set it, or write ${{env:{name}:-default}}",)
    )


def _content(path: str) -> str:
    """Return the text of a secret's file without its last line end."""
    if not os.path.isabs(path):
        raise ConfigError((f"${{file:{path[:200]}}} must name an absolute path",))
    try:
        # Without O_NONBLOCK a pipe would make us wait for someone to write.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError((f"${{file:{path}}} is not a regular file",))
            content = file.read(LONGEST_FILE + 1)
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault
        raise ConfigError((f"${{file:{path[:200]}}} cannot be read: {reason}",)) from fault
    if len(content) > LONGEST_FILE:
        raise ConfigError((f"${{file:{path}}} is longer than {LONGEST_FILE // 1024} KiB",))
    try:
        text = content.decode()
    except UnicodeDecodeError as fault:
        raise ConfigError((f"${{file:{path}}} is not UTF-8 text",)) from fault
    return text.removesuffix("\n").removesuffix("\r")
