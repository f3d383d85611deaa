"""`[engine]`: what an engine is told about itself."""

from typing import Final

from cronsole.config import values
from cronsole.config.keys import Key, Scope, attempt, struct_of, table_of
from cronsole.config.problems import Fault, Flaw, wrong_kind
from cronsole.model.policy import OnEngineDeath
from cronsole.model.settings import KeepRuns, Settings

KEEP: Final = table_of(
    Key("successes", "a count", values.count(0), "Successes kept of each task, the newest.", default="100"),
    Key("failures", "a count", values.count(0), "Failures kept of each task, the newest.", default="100"),
    Key(
        "success_age",
        "a duration or `never`",
        values.span_or_never,
        "Successes older than this go, however few.",
        "success_age_ms",
        "never",
    ),
    Key(
        "failure_age",
        "a duration or `never`",
        values.span_or_never,
        "Failures older than this go, however few.",
        "failure_age_ms",
        "90d",
    ),
)


def read_tag_limits(value: object, scope: Scope) -> tuple[tuple[str, int], ...]:
    """Read how many runs at once the tasks of a tag may have between them."""
    if not isinstance(value, dict):
        raise wrong_kind(value, "a table of tags and numbers, such as {db = 2}")
    flaws: list[Flaw] = []
    limits: list[tuple[str, int]] = []
    for tag, limit in value.items():
        try:
            limits.append((values.word(tag, scope), attempt(values.count(1), limit, scope)))
        except Fault as fault:
            flaws.extend(fault.under(tag, limit))
    if flaws:
        raise Fault(flaws)
    return tuple(sorted(limits))


ENGINE: Final = table_of(
    Key(
        "state_dir",
        "a path",
        values.path,
        "Where the ledger and the output of runs are kept.",
        default="chosen by the engine",
    ),
    Key(
        "environment",
        "a name",
        values.word,
        "What `conditions.environment` is compared with.",
        default="production",
    ),
    Key("timezone", "a time zone", values.timezone, "Zone of tasks that name none.", default="UTC"),
    Key("max_running", "a count", values.count(1), "Runs at once, all tasks together.", default="64"),
    Key(
        "tag_limits",
        "a table",
        read_tag_limits,
        "Runs at once of all tasks that bear a tag: `{db = 2}`.",
    ),
    Key(
        "shutdown_grace",
        "a duration",
        values.duration,
        "What a stop waits for runs before it ends them.",
        "shutdown_grace_ms",
        "30s",
    ),
    Key(
        "on_engine_death",
        "keep or kill",
        values.one_of(OnEngineDeath),
        "What becomes of running commands when the engine dies.",
        default="keep",
    ),
    Key(
        "keep",
        "a table",
        struct_of(KeepRuns, KEEP),
        "How much history stays.",
        keys=KEEP,
    ),
    Key(
        "backup_every",
        "a duration or `never`",
        values.span_or_never,
        "How often the ledger is copied.",
        "backup_every_ms",
        "1h",
    ),
    Key(
        "watch_files",
        "true or false",
        values.truth,
        "Reload when a file changes.",
        default="true",
    ),
)

_read = struct_of(Settings, ENGINE)


def read_settings(value: object, scope: Scope) -> Settings:
    settings: Settings = _read(value, scope)
    return settings
