"""`cronsole reload`: read the configuration again, now."""

from typing import Final

from cronsole.cli import render
from cronsole.cli.connection import CALLED_WRONGLY, EngineOption, JsonOption, TokenFileOption, speak
from cronsole.model.prospect import ReloadView
from cronsole.text import plural, safe

_SIGNS: Final = (("added", "+"), ("changed", "~"), ("removed", "-"))
_STYLES: Final = {"added": render.Style.GOOD, "changed": render.Style.WARN, "removed": render.Style.BAD}


def command(
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the engine read its configuration again, and show what that changed; runs go on.

    Exits with 2 where the configuration has faults: then the last good one stays in force. `cronsole plan` shows
    beforehand what it would change. --json answers with a ReloadView.
    """
    view = speak(engine, token_file, lambda client: client.reload())
    render.json_line(view) if as_json else _tell(view)
    if view.problems:
        raise SystemExit(CALLED_WRONGLY)


def _tell(view: ReloadView) -> None:
    for problem in view.problems:
        render.err(safe(problem), render.Style.BAD)
    for warning in view.warnings:
        render.err(f"warning: {safe(warning)}", render.Style.WARN)
    if view.problems:
        render.err(f"{plural(len(view.problems), 'problem')}: the last good configuration stays in force")
        return
    counts = []
    for kind, sign in _SIGNS:
        ids: tuple[str, ...] = getattr(view, kind)
        if ids:
            counts.append(f"{len(ids):,} {kind}")
        for schedule_id in ids:
            render.out(f"{sign} {safe(schedule_id)}", _STYLES[kind])
    render.out(f"reloaded: {', '.join(counts) or 'nothing changed'}, {view.unchanged:,} as before")
