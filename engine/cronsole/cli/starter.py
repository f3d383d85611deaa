"""The configuration that a newcomer starts from."""

from typing import Final

from cronsole.cli.toml_text import toml_text

_TEXT: Final = """\
# What Cronsole runs, and when. `cronsole check` shows every mistake, `cronsole plan` what a change would do, and a
# running engine takes in what is saved here by itself. Every key: docs/configuration.md.

[engine]
timezone = {timezone}    # of tasks that name no zone of their own

# Whom to tell of failures; `webhook`, `command` and `apprise` go further than the engine's log.
[notify.ops]
type = "log"
level = "error"

# What holds for every task that does not say otherwise.
[defaults]
timeout = "1h"
notify = {{ on_failure = "ops", on_recovery = "ops" }}

# An id, when, and what: more is not needed.
[[tasks]]
id = "hello"
every = "10s"
command = "echo hello from $CRONSOLE_SCHEDULE"
description = "Proof of life; delete it once you have seen it"

# A nightly job. Take away `enabled` when its command does what you want.
[[tasks]]
id = "backup"
cron = "30 2 * * *"         # minute, hour, day of month, month, day of week; or "@daily", "every 5m"
command = "tar -czf /var/backups/etc.tar.gz /etc"
description = "The machine's configuration, every night"
timeout = "30m"
retry = {{ attempts = 2, delay = "5m" }}
missed_run_policy = "run_once"    # the machine slept through it? one run when it is back; or "skip", "run_all"
overlap = "skip"                  # still running? leave this one out; or "queue_one", "allow", "cancel_old"
enabled = false
"""


def starter(timezone: str) -> str:
    """Return a configuration to begin with, for a machine in a zone."""
    return _TEXT.format(timezone=toml_text(timezone))
