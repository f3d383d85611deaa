"""docs/cli.md, made from the verbs themselves: `python -m cronsole.cli.reference docs/cli.md`."""

import inspect
import sys
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args

from cronsole.cli.main import VERBS, application

_HEAD: Final = """\
# The command line

Every verb, made from the code: `python -m cronsole.cli.reference docs/cli.md` makes this page anew.

## Which engine

A verb that speaks with an engine finds it by `--engine`, else by `CRONSOLE_ENGINE`, else where the configuration at
hand puts its socket (`./cronsole.toml`, `~/.config/cronsole/cronsole.toml`, `/etc/cronsole/cronsole.toml`), else in
the default state directory. A target is `unix:PATH`, a socket or its folder, `ssh://[user@]host[:port]`, or
`https://host:port` with a token from `--token-file` or `CRONSOLE_TOKEN`.

## Times

`06:00` is the next one where the future is meant and the last one where the past is; `tomorrow 06:00`,
`yesterday 22:15`, `+2h`, `-30m`, `2h`, `now`, and ISO 8601 with or without an offset (`2026-03-29T02:30`,
`2026-03-29T02:30+01:00`). Times without an offset are of your zone, which is that of `TZ` or of the machine, or UTC
with `--utc`. A time that clocks skip means the first instant after it.

## Exit codes

| code | meaning |
|---|---|
| 0 | Done; of a run that was waited for: it succeeded. |
| 1 | The answer is no: nothing by that name, not allowed, not now, or the person said no. |
| 2 | Called wrongly, or the configuration has faults. |
| 3 | No engine could be reached. |
| 130 | Interrupted by ctrl-c. |
| 141 | The reader of the output went away. |

`trigger`, `retry` and `plugins call` with `--wait` or `--follow` exit as the run does: a failed run's own code, 1
where it has none; 124 when it timed out, 125 when it was lost, 130 when it was cancelled.

## JSON

Every verb has `--json`. The shapes are those of the API: each name below is a schema of `/openapi.json`, and a
struct of `cronsole.model`. A field that holds its default is left out; times are ISO 8601 in UTC, durations are
milliseconds.
"""

JSON_SHAPES: Final = {
    "run": "EngineView",
    "attach": "EngineView, one a line",
    "init": "`{path, tasks, told, warnings}`",
    "engine": "`--log-format json`: one event a line",
    "next": "`{name, timezone, dst, description, fires}`; with `--batch` `{fires}` or `{error}` a line",
    "check": "`{ok, schedules, files, problems, warnings}`",
    "simulate": "one verdict a line, then the summary; see [simulate.md](simulate.md)",
    "list": "Page of ScheduleView",
    "watch": "ScheduleView, one a line",
    "show": "ScheduleDetail",
    "why": "WhyView",
    "runs": "Page of RunView; with `--all` RunView, one a line",
    "log": "LogChunk, one a line",
    "events": "EventView, one a line",
    "timeline": "`{schedule_id, fires}`, one a line, each fire a PlannedFire",
    "plan": "PlanView",
    "trigger": "RunView; with `--follow` LogChunk, one a line, then RunView",
    "pause": "EffectView",
    "resume": "EffectView",
    "cancel": "RunView",
    "retry": "RunView; with `--follow` LogChunk, one a line, then RunView",
    "backfill": "BackfillView",
    "reload": "ReloadView",
    "schedule": "ScheduleDetail",
    "plugins": "a list of PluginView; `show` PluginDetail, `health` HealthView, `reload` PluginView, `reset`"
    " CircuitsView, `call` as `trigger`",
    "export": "a definition, one a line: the keys of a [[tasks]] entry",
    "service": "`{path, unit}`; `install` adds `{doubts, reloaded, next}`, `uninstall` answers `{path, stopped}`",
    "audit": "Page of AuditView; with `--all` AuditView, one a line",
    "token": "one object; `list` answers with one object a line, never with a secret",
    "doctor": "`{ok, findings}`",
}
"""What each verb answers with under --json."""


def page() -> str:
    """Return the whole page."""
    import typer

    group: Any = typer.main.get_command(application(set(VERBS)))
    context = group.make_context("cronsole", [], resilient_parsing=True)
    verbs = (group.get_command(context, verb) for verb in VERBS)
    return _HEAD + "".join(f"\n{_section(verb)}" for verb in verbs)


def _section(verb: Any) -> str:
    lines = [f"## `cronsole {verb.name}`", "", f"    cronsole {verb.name} {_usage(verb)}".rstrip(), ""]
    lines += [inspect.cleandoc(verb.callback.__doc__ or ""), ""]
    rows = [row for row in map(_row, verb.params) if row]
    if rows:
        lines += ["| argument or option | default | meaning |", "|---|---|---|", *rows, ""]
    lines.append(f"JSON: {JSON_SHAPES[verb.name]}.")
    return "\n".join(lines) + "\n"


def _usage(verb: Any) -> str:
    arguments = [parameter for parameter in verb.params if parameter.param_type_name == "argument"]
    words = (_name(each) if each.required else f"[{_name(each)}]" for each in arguments)
    return " ".join([*words, "[OPTIONS]"])


def _row(parameter: Any) -> str:
    if getattr(parameter, "hidden", False):
        return ""
    told = _cell(parameter.help or "")
    choices = _choices(parameter)
    return f"| {_spelling(parameter)} | {_default(parameter)} | {told}{choices} |"


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_cell(_name(parameter))}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    value = "" if parameter.is_flag else _name(parameter)
    return ", ".join(f"`{_cell(f'{name} {value}')}`" for name in names)


def _name(parameter: Any) -> str:
    """Return the word that stands for a value: the metavar, else the option's own name in capitals."""
    if parameter.metavar:
        return str(parameter.metavar).removeprefix("[").removesuffix("]")
    word = parameter.name if parameter.param_type_name == "argument" else parameter.opts[0].lstrip("-")
    return str(word).replace("-", "_").upper()


def _default(parameter: Any) -> str:
    value = parameter.default
    if callable(value) or value in (None, "", False, ()):
        return "–"
    if value is True:
        return "yes"
    return f"`{_cell(str(value.value if isinstance(value, Enum) else value))}`"


def _choices(parameter: Any) -> str:
    kind = parameter.type_descriptor.annotation
    kind = get_args(kind)[0] if get_args(kind) else kind
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return ""
    words = [f"`{choice.value}`" for choice in kind]
    return f" One of {', '.join(words)}."


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
