"""Turns a crontab into tasks that do the same; what cannot be said stays as a comment, and is told."""

from collections.abc import Mapping
from typing import Final

import msgspec

from cronsole.cli.crontab_ids import name_of, unused
from cronsole.cli.crontab_lines import Blank, Comment, Job, Numbered, Unread, Variable, read_crontab
from cronsole.cli.toml_text import toml_list, toml_table, toml_text
from cronsole.errors import TriggerError, UnknownTimezone
from cronsole.model.trigger import StartupSpec
from cronsole.text import safe
from cronsole.triggers.parse import parse_trigger
from cronsole.triggers.zone import zone

_LONGEST_DESCRIPTION: Final = 120
_OF_CRON: Final = {
    "MAILTO": "cron would mail the output there; here each run's output is kept, see `cronsole log`,"
    " and `notify` tells of failures, see docs/notifications.md",
    "MAILFROM": "no mail is sent",
    "CONTENT_TYPE": "no mail is sent",
    "CONTENT_TRANSFER_ENCODING": "no mail is sent",
    "LOGNAME": "a task's account is its `user`",
    "USER": "a task's account is its `user`",
    "START_HOURS_RANGE": "it is anacron's; write `conditions.hours`",
}
_HEAD: Final = """\
# Made from a crontab by `cronsole init`. `cronsole check` shows its faults, `cronsole simulate` what would fire.

[engine]
timezone = {timezone}    # cron read these times on the machine's own clock

[defaults]
# What cron did: it started a job again while it was still running, and forgot what it missed while it was down.
# Without these two lines a slot is skipped while the last run goes on, and one run makes up for what was missed.
overlap = "allow"
missed_run_policy = "skip"
"""


class Imported(msgspec.Struct, frozen=True):
    """A configuration, how many tasks are in it, and what its reader has to know."""

    text: str
    tasks: int
    told: tuple[str, ...]


def import_crontab(text: str, *, is_system: bool, timezone: str) -> Imported:
    """Return the configuration that does what a crontab did; a system's has a user in each line."""
    translation = _Translation(timezone, is_system)
    for line in read_crontab(text, has_users=is_system):
        translation.take(line)
    return translation.result()


class _Task(msgspec.Struct, frozen=True):
    """The lines of one task but its variables, which may turn out to be everyone's."""

    lines: tuple[str, ...]
    env: Mapping[str, str]


class _Translation:
    """Reads line by line, as cron does: a variable counts for the jobs below it."""

    def __init__(self, timezone: str, is_system: bool) -> None:
        self._timezone = timezone
        self._is_system = is_system
        self._parts: list[str | _Task] = []
        self._comments: list[str] = []
        self._variables: dict[str, str] = {}
        self._ids: set[str] = set()
        self._told: list[str] = []

    def take(self, numbered: Numbered) -> None:
        match numbered.line:
            case Blank():
                self._let_go()
            case Comment(text):
                self._comments.append(text)
            case Variable(name, value):
                self._let_go()
                self._set(numbered, name, value)
            case Unread(reason):
                self._keep(numbered, reason)
            case Job() as job:
                self._translate(numbered, job)

    def result(self) -> Imported:
        self._let_go()
        tasks = [part for part in self._parts if isinstance(part, _Task)]
        shared = tasks[0].env if tasks and all(task.env == tasks[0].env for task in tasks) else {}
        head = _HEAD.format(timezone=toml_text(self._timezone))
        if not self._is_system:
            head += 'cwd = "~"    # cron started jobs in the home of their user\n'
        if shared:
            head += f"env = {toml_table(shared)}\n"
        parts = [_written(part, shared) if isinstance(part, _Task) else part for part in self._parts]
        text = head + "\n" + "".join(f"{part}\n" for part in parts)
        return Imported(text.rstrip("\n") + "\n", len(tasks), tuple(self._told))

    def _let_go(self) -> None:
        """Write down the comments so far: what follows is not what they speak of."""
        if self._comments:
            self._parts.append("".join(f"# {safe(comment)}".rstrip() + "\n" for comment in self._comments))
            self._comments = []

    def _set(self, numbered: Numbered, name: str, value: str) -> None:
        if name in _OF_CRON:
            self._parts.append(f"# {safe(numbered.text.strip())}\n")
            if value:
                self._tell(numbered, f"{name} has no meaning here: {_OF_CRON[name]}")
            return
        if not (name.isascii() and name.isidentifier()):
            self._keep(numbered, f"{name!r} is no name of a variable")
            return
        self._variables[name] = value

    def _translate(self, numbered: Numbered, job: Job) -> None:
        try:
            trigger = parse_trigger(job.when)
            zone(self._variables.get("CRON_TZ", "UTC"))
        except (TriggerError, UnknownTimezone) as error:
            self._keep(numbered, str(error))
            return
        if isinstance(trigger, StartupSpec):
            self._tell(numbered, "@reboot becomes @startup: at each start of the engine, not of the machine")
        description = self._description()
        self._let_go()
        schedule_id = unused(name_of(job.command), self._ids)
        self._ids.add(schedule_id)
        expression = "@startup" if isinstance(trigger, StartupSpec) else job.when
        lines = ["[[tasks]]", f"id = {toml_text(schedule_id)}"]
        if description:
            lines.append(f"description = {toml_text(description)}")
        lines += [f"cron = {toml_text(expression)}", f"command = {self._command(job)}"]
        lines += self._surroundings(job)
        if delay := self._variables.get("RANDOM_DELAY", ""):
            lines += [f'jitter = "{delay}m"'] if delay.isdecimal() else []
        hidden = {("CRON_TZ", self._variables.get("CRON_TZ")), ("RANDOM_DELAY", delay), ("SHELL", "/bin/sh")}
        env = {
            name: _literal(value) for name, value in self._variables.items() if (name, value) not in hidden
        }
        self._parts.append(_Task(tuple(lines), env))

    def _surroundings(self, job: Job) -> list[str]:
        """Return where, as whom and by which clock a job runs."""
        lines = [] if job.user is None else [f"user = {toml_text(job.user)}"]
        if "HOME" in self._variables:
            lines.append(f"cwd = {toml_text(_literal(self._variables['HOME']))}")
        elif job.user == "root":
            # Other users' jobs start in their own home; the engine's own account stays where the engine is.
            lines.append('cwd = "~"')
        if "CRON_TZ" in self._variables:
            lines.append(f"timezone = {toml_text(self._variables['CRON_TZ'])}")
        return lines

    def _command(self, job: Job) -> str:
        command = _literal(job.command)
        if job.stdin is not None:
            command = _with_stdin(command, _literal(job.stdin))
        shell = self._variables.get("SHELL", "/bin/sh")
        return toml_text(command) if shell == "/bin/sh" else toml_list([shell, "-c", command])

    def _description(self) -> str:
        """Take the comment above a job as its description, if it is one line of prose."""
        if len(self._comments) != 1 or not _is_prose(self._comments[0]):
            return ""
        return self._comments.pop()

    def _keep(self, numbered: Numbered, reason: str) -> None:
        self._let_go()
        self._parts.append(f"# not translated: {safe(reason)}\n# {safe(numbered.text.strip())}\n")
        self._tell(numbered, f"kept as a comment: {reason}")

    def _tell(self, numbered: Numbered, what: str) -> None:
        self._told.append(f"line {numbered.number}: {what}")


def _written(task: _Task, shared: Mapping[str, str]) -> str:
    own = "" if task.env == shared else f"env = {toml_table(task.env)}\n"
    return "\n".join(task.lines) + "\n" + own


def _is_prose(comment: str) -> bool:
    if not comment.isprintable() or len(comment) > _LONGEST_DESCRIPTION or not any(map(str.isalpha, comment)):
        return False
    (line,) = read_crontab(comment, has_users=False)
    if not isinstance(line.line, Job):
        return not isinstance(line.line, Variable)
    try:
        parse_trigger(line.line.when)
    except TriggerError:
        return True
    return False


def _literal(text: str) -> str:
    """Return the text with what would be a reference here, and never was one for cron, as itself."""
    return text.replace("${env:", "$${env:").replace("${file:", "$${file:")


def _with_stdin(command: str, stdin: str) -> str:
    """Return a command that reads a text: the braces let all of it read, as all of it did."""
    end = "STDIN"
    while end in stdin.split("\n"):
        end += "_"
    return f"{{ {command}\n}} <<'{end}'\n{stdin}{end}\n"
