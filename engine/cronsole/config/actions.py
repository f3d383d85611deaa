"""What a task does: the readers of its one action, and of what goes with a command."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from cronsole.config import values
from cronsole.config.available import check_available
from cronsole.config.keys import Key, Keys, Scope, read_table, table_of
from cronsole.config.problems import Fault, Flaw, missing, wrong_kind
from cronsole.config.secrets import has_reference
from cronsole.model.action import Action, Celery, Command, Handler, Http, Pairs, PluginCall, Publish, Record

_FUNCTION: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLUGIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_MOST_WORDS: Final = 4096
# Whoever is handed the JSON shall be able to read it, and parsers differ in what they bear.
_DEEPEST: Final = 64


def read_command(value: object, scope: Scope) -> str | tuple[str, ...]:
    """Read a command: text is for the shell, a list is executed as it stands."""
    if isinstance(value, str):
        line = values.text(value, scope)
        if not line.strip():
            raise Fault("is an empty command; leave the key out for a task that is only recorded")
        return line
    if not isinstance(value, list):
        raise wrong_kind(
            value, 'text for the shell, or a list of words such as ["rsync", "-a", "from", "to"]'
        )
    if not value or len(value) > _MOST_WORDS:
        raise Fault(f"has {len(value)} words; accepted are 1 to {_MOST_WORDS:,}")
    flaws: list[Flaw] = []
    words: list[str] = []
    for index, item in enumerate(value):
        try:
            words.append(values.text(item, scope))
        except Fault as fault:
            flaws.extend(fault.under(index, item))
    if flaws:
        raise Fault(flaws)
    if not words[0].strip():
        raise Fault("names no program")
    return tuple(words)


def read_env(value: object, scope: Scope) -> Pairs:
    """Read the variables of a command; a number or a truth value is taken as it is written."""
    return _pairs(value, scope, _VARIABLE, "a name of letters, digits and _, not starting with a digit")


def read_handler(value: object, scope: Scope) -> Handler | PluginCall:
    target = values.word(value, scope)
    plugin, separator, verb = target.partition("::")
    if separator and PLUGIN_NAME.fullmatch(plugin) and PLUGIN_NAME.fullmatch(verb):
        return PluginCall(plugin, verb)
    if not _FUNCTION.fullmatch(target):
        raise Fault('is not a function; accepted is "package.module:function", or "plugin::verb" of a plugin')
    return Handler(target)


def read_plugin(value: object, scope: Scope) -> str:
    name = values.word(value, scope)
    if not PLUGIN_NAME.fullmatch(name):
        raise Fault("is not the name of a plugin; accepted are letters, digits and the marks . _ -")
    return name


def read_url(value: object, scope: Scope) -> str:
    url = values.word(value, scope)
    if has_reference(url):
        return url
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError as fault:
        raise Fault(f"is not a URL: {fault}") from fault
    if parts.scheme.lower() not in ("http", "https") or not is_whole or " " in url:
        raise Fault("is not a URL; accepted is http://host/path or https://host/path")
    return url


def read_method(value: object, scope: Scope) -> str:
    method = values.word(value, scope).upper()
    if method not in _METHODS:
        raise Fault(f"is not a method; accepted is one of {', '.join(_METHODS)}")
    return method


def read_headers(value: object, scope: Scope) -> Pairs:
    headers = _pairs(value, scope, _HEADER, "the name of a header, such as X-Token")
    broken = [
        Flaw((name,), text, "holds a line end") for name, text in headers if "\n" in text or "\r" in text
    ]
    if broken:
        raise Fault(broken)
    return headers


HTTP: Final = table_of(
    Key("url", "a URL", read_url, "Where the request goes."),
    Key("method", "a method", read_method, "GET, POST, …", default="GET"),
    Key("headers", "a table", read_headers, "Headers of the request."),
    Key("body", "text", values.text, "Body of the request."),
    Key(
        "expect_status",
        "a number or a list",
        values.items_of(values.count(100, 599), "status codes"),
        "Status codes that mean success.",
        default="200 to 299",
    ),
    Key(
        "connect_timeout",
        "a duration",
        values.span,
        "Time in which a connection must be made.",
        "connect_timeout_ms",
        "10s",
    ),
)

PUBLISH: Final = table_of(
    Key("channel", "text", values.word, "The Redis channel."),
    Key("message", "text", values.text, "What is published on it."),
    Key("url", "text", values.word, "The Redis server."),
)


def _json_of(kind: type, accepted: str) -> Any:
    def read(value: object, _scope: Scope) -> str:
        if not isinstance(value, kind):
            raise wrong_kind(value, accepted)
        return json_text(value)

    return read


CELERY: Final = table_of(
    Key("task", "text", values.word, "The task's name."),
    Key("broker", "text", values.word, "The broker's URL."),
    Key("args", "a list", _json_of(list, "a list"), "Positional arguments.", "args_json", "[]"),
    Key("kwargs", "a table", _json_of(dict, "a table"), "Keyword arguments.", "kwargs_json", "{}"),
    Key("queue", "text", values.word, "The queue."),
)


def read_http(value: object, scope: Scope) -> Http:
    if isinstance(value, str):
        return Http(read_url(value, scope))
    http = Http(**_whole(value, HTTP, scope, ("url",), "a URL, or a table with url, method, headers, body"))
    if http.body is not None and http.method in ("GET", "HEAD"):
        raise Fault([missing("body", f"is not sent with {http.method}; set method, such as POST")])
    return http


def read_publish(value: object, scope: Scope) -> Publish:
    publish = Publish(**_whole(value, PUBLISH, scope, ("channel", "message", "url")))
    check_available("publish")
    return publish


def read_celery(value: object, scope: Scope) -> Celery:
    celery = Celery(**_whole(value, CELERY, scope, ("task", "broker")))
    check_available("celery")
    return celery


def json_text(value: object) -> str:
    """Return a table as JSON text; times of TOML become ISO 8601."""
    if not _is_shallow(value, _DEEPEST):
        raise Fault("is nested too deeply")
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError) as fault:
        raise Fault(f"cannot be written as JSON: {fault}") from fault


def _is_shallow(value: object, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_is_shallow(item, depth - 1) for item in inner)


def action_of(read: Mapping[str, Any]) -> Action:
    """Return the action that the read values of a task make."""
    if "command" in read:
        options = {key: read[key] for key in ("env", "env_file", "cwd", "user") if key in read}
        return Command(read["command"], **options)
    if "plugin" in read:
        return PluginCall(read["plugin"], read.get("call", ""))
    for key in ("handler", "http", "publish", "celery"):
        if key in read:
            action: Action = read[key]
            return action
    return Record()


def _whole(
    value: object, keys: Keys, scope: Scope, needed: tuple[str, ...], accepted: str = "a table"
) -> dict[str, Any]:
    fields = read_table(value, keys, scope, accepted)
    absent = [missing(key, "is missing") for key in needed if key not in fields]
    if absent:
        raise Fault(absent)
    return fields


def _pairs(value: object, scope: Scope, name_form: re.Pattern[str], accepted: str) -> Pairs:
    if not isinstance(value, dict):
        raise wrong_kind(value, "a table of names and values")
    flaws: list[Flaw] = []
    pairs: list[tuple[str, str]] = []
    for name, item in value.items():
        if not name_form.fullmatch(name):
            flaws.append(Flaw((name,), item, f"is not {accepted}"))
            continue
        try:
            pairs.append((name, values.text(_as_written(item), scope)))
        except Fault as fault:
            flaws.extend(fault.under(name, item))
    if flaws:
        raise Fault(flaws)
    return tuple(pairs)


def _as_written(item: object) -> object:
    """Return a number or a truth value as the text that stands in the file."""
    if isinstance(item, bool):
        return "true" if item else "false"
    return str(item) if isinstance(item, int | float) else item
