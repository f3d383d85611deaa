"""Every key of a `[[tasks]]` entry: the one table that reading, checking and the reference are made from."""

import re
from enum import StrEnum
from typing import Final

from cronsole.config import actions, gates, tables, values
from cronsole.config.available import check_available
from cronsole.config.keys import Key, Keys, Scope, table_of
from cronsole.config.problems import Fault, wrong_kind
from cronsole.errors import TriggerError
from cronsole.model.policy import Delivery, Locking, MissedRunPolicy, OnEngineDeath, Overlap
from cronsole.model.trigger import DstPolicy, TriggerSpec
from cronsole.triggers.parse import parse_trigger

LONGEST_ID: Final = 200

# Each of these means something to a shell, to markup or to a pattern that someone may paste an id into.
_BANNED: Final = frozenset("[]{}()<>\"'`\\$*?|&;!,")


def read_id(value: object, _scope: Scope) -> str:
    """Read an id: printable, without blanks, and safe to paste into a command line."""
    if not isinstance(value, str):
        raise wrong_kind(value, "text in quotes")
    if not value:
        raise Fault("is empty; an id is what a task is called by")
    if len(value) > LONGEST_ID:
        raise Fault(f"has {len(value):,} characters; accepted are {LONGEST_ID}")
    if value.isprintable() and " " not in value and _BANNED.isdisjoint(value) and value[0] != "-":
        return str(value)
    better = re.sub(r"[^\w.:/@+=#~-]+", "-", value).strip("-")
    raise Fault(
        "holds a character that no id may; accepted are letters, digits and marks such as . _ - / :"
        + (f'; did you mean "{better}"?' if better and better.isprintable() and better != value else "")
    )


def read_expression(value: object, _scope: Scope) -> TriggerSpec:
    if not isinstance(value, str):
        raise wrong_kind(value, 'an expression such as "*/5 * * * *", "@daily" or "5m"')
    try:
        return parse_trigger(value)
    except TriggerError as fault:
        told = str(fault)
        where = [
            *([fault.field] if fault.field and fault.field not in told else []),
            *([f"column {fault.position}"] if (fault.position or 0) > 1 and "column" not in told else []),
        ]
        raise Fault(
            told.removeprefix(f"{str(value)!r} ") + (f" ({', '.join(where)})" if where else "")
        ) from fault


def read_config(value: object, _scope: Scope) -> str:
    if not isinstance(value, dict | list):
        raise wrong_kind(value, "a table; JSON text goes under config_json")
    return actions.json_text(value)


def read_nodes(value: object, scope: Scope) -> str:
    selector = values.word(value, scope)
    check_available("nodes")
    return selector


class Group(StrEnum):
    """The parts of the reference, in its order."""

    IDENTITY = "What it is"
    TRIGGER = "When it runs"
    ACTION = "What it does"
    LATENESS = "When it is late, or still running"
    FAILURE = "When it fails"
    GATES = "When it may not run"


_IDENTITY = table_of(
    Key("id", "text", read_id, "What the task is called, once in all files."),
    Key("name", "text", read_id, "Another spelling of `id`."),
    Key("description", "text", values.text, "One line for people."),
    Key("tags", "text or a list", values.texts, "Groups that it belongs to; see `engine.tag_limits`."),
    Key("enabled", "true or false", values.truth, "Whether it runs at all.", default="true"),
)

_TRIGGER = table_of(
    Key(
        "cron",
        "an expression",
        read_expression,
        "`*/5 * * * *`, `@daily`, `@startup`, `@manual`, or an interval such as `5m`.",
    ),
    Key("schedule", "an expression", read_expression, "Another spelling of `cron`."),
    Key("every", "a duration", values.span, "An interval, counted from `start_at`."),
    Key("at", "a time", values.instant, "Once, at this time."),
    Key("after", "a duration", values.duration, "Once, this long after the task was first seen."),
    Key(
        "start_at",
        "a time",
        values.instant,
        "With `every`: where counting starts.",
        default="when first seen",
    ),
    Key(
        "run_at_start",
        "true or false",
        values.truth,
        "With `every`: run at the first start too.",
        default="false",
    ),
    Key("timezone", "a time zone", values.timezone, "Zone of all its times.", default="`engine.timezone`"),
    Key(
        "dst",
        "cron, physical or skip",
        values.one_of(DstPolicy),
        "What clock changes do to it.",
        default="cron",
    ),
    Key("start", "a time", values.instant, "No slot before this time."),
    Key("end", "a time", values.instant, "No slot after this time."),
    Key("max_runs", "a count", values.count(0), "After so many runs it is done."),
    Key("jitter", "a duration", values.duration, "Spread starts over this long.", "jitter_ms", "0s"),
    Key("jitter_ms", "milliseconds", values.count(0), "Another spelling of `jitter`.", default="0"),
)

_ACTION = table_of(
    Key(
        "command",
        "text or a list",
        actions.read_command,
        "A line for `/bin/sh -c`, or a program and its words.",
    ),
    Key("env", "a table", actions.read_env, "With `command`: variables."),
    Key("env_file", "a path", values.path, "With `command`: a file of KEY=VALUE lines."),
    Key("cwd", "a path", values.path, "With `command`: the folder it starts in.", default="the engine's"),
    Key("user", "a name", values.word, "With `command`: the account it runs as.", default="the engine's"),
    Key(
        "handler",
        "module:function",
        actions.read_handler,
        "A Python function; or `plugin::verb`, a verb of a plugin.",
    ),
    Key("http", "a URL or a table", actions.read_http, "An HTTP request.", keys=actions.HTTP),
    Key("plugin", "a name", actions.read_plugin, "A plugin that is called."),
    Key("call", "a name", values.word, "With `plugin`: the verb that is called.", default="`run`, or `poll`"),
    Key("publish", "a table", actions.read_publish, "A message on Redis.", keys=actions.PUBLISH),
    Key("celery", "a table", actions.read_celery, "A Celery task.", keys=actions.CELERY),
    Key("config", "a table", read_config, "Handed to the run as JSON, never interpreted."),
    Key("config_json", "JSON text", values.text, "Another spelling of `config`."),
)

_LATENESS = table_of(
    Key(
        "missed_run_policy",
        "run_once, skip or run_all",
        values.one_of(MissedRunPolicy),
        "Slots that were slept through: one run for all, none, or each.",
        default="run_once",
    ),
    Key(
        "late_grace",
        "a duration",
        values.duration,
        "A slot no later than this is on time.",
        "late_grace_ms",
        "60s",
    ),
    Key(
        "catchup_window",
        "a duration",
        values.duration,
        "Slots older than this are not made up for.",
        "catchup_window_ms",
        "24h",
    ),
    Key("catchup_limit", "a count", values.count(1), "With `run_all`: at most so many.", default="100"),
    Key(
        "overlap",
        "skip, queue_one, queue_all, cancel_old, kill_old or allow",
        values.one_of(Overlap),
        "What happens while the last run still goes on.",
        default="skip",
    ),
    Key(
        "max_parallel",
        "a count",
        values.count(1),
        'With `overlap = "allow"`: runs at once.',
        default="`engine.max_running`",
    ),
    Key("queue_limit", "a count", values.count(1), "Runs that may wait for their turn.", default="100"),
    Key(
        "locking",
        "node_local, prefer_global or require_global",
        values.one_of(Locking),
        "In a fleet: on every node, once where possible, or once or not at all.",
        default="prefer_global",
    ),
    Key("nodes", "a selector", read_nodes, "In a fleet: the nodes that may run it; `all` runs on each."),
    Key(
        "delivery",
        "at_most_once or at_least_once",
        values.one_of(Delivery),
        "Whether a run that was lost in a crash is tried again.",
        default="at_most_once",
    ),
)

_FAILURE = table_of(
    Key("timeout", "a duration", values.span, "A run that takes longer is ended.", "timeout_ms"),
    Key("kill_grace", "a duration", values.duration, "Between TERM and KILL.", "kill_grace_ms", "5s"),
    Key(
        "retry",
        "a count or a table",
        tables.read_retry,
        "How often and when to try again.",
        keys=tables.RETRY,
    ),
    Key("expect", "a table", tables.read_expect, "What counts as success.", keys=tables.EXPECT),
    Key("limits", "a table", tables.read_limits, "What a run may use.", keys=tables.LIMITS),
    Key(
        "circuit_breaker",
        "a table",
        tables.read_circuit_breaker,
        "Rest after failures in a row.",
        keys=tables.CIRCUIT_BREAKER,
    ),
    Key("pause_after_failures", "a count", values.count(1), "Pause after so many failures in a row."),
    Key(
        "notify",
        "channels or a table",
        tables.read_notify,
        "Who is told; channels alone are told of failures, missed slots and recoveries.",
        keys=tables.NOTIFY,
    ),
    Key(
        "on_engine_death",
        "keep or kill",
        values.one_of(OnEngineDeath),
        "What becomes of its running command when the engine dies.",
        default="`engine.on_engine_death`",
    ),
)

_GATES = table_of(
    Key(
        "conditions", "a table", gates.read_conditions, "Gates that must all be open.", keys=gates.CONDITIONS
    ),
)

GROUPS: Final[dict[Group, Keys]] = {
    Group.IDENTITY: _IDENTITY,
    Group.TRIGGER: _TRIGGER,
    Group.ACTION: _ACTION,
    Group.LATENESS: _LATENESS,
    Group.FAILURE: _FAILURE,
    Group.GATES: _GATES,
}

TASK: Final[dict[str, Key]] = {name: key for keys in GROUPS.values() for name, key in keys.items()}

ALIASES: Final = {"name": "id", "schedule": "cron", "config_json": "config", "jitter_ms": "jitter"}
"""The second spelling of a key; a task has one of the two."""

TRIGGERS: Final = ("cron", "every", "at", "after")
ACTIONS: Final = ("command", "handler", "plugin", "http", "publish", "celery")
OF_COMMAND: Final = ("env", "env_file", "cwd", "user")
OF_INTERVAL: Final = ("start_at", "run_at_start")
POLICIES: Final = frozenset({*_LATENESS, *_FAILURE, *_GATES, "jitter", "jitter_ms"})
# Their references stay as written: what they stand for shall not reach the ledger, the logs or a screen.
DEFERRED: Final = frozenset({"command", "env", "http", "publish", "celery", "config", "config_json"})


def field_of(name: str) -> str:
    """Return what the model calls a key."""
    return TASK[name].field or name
