"""Opens a definition in the editor of whoever asks."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cronsole.cli.definition_file import definition_of
from cronsole.errors import ConfigError, CronsoleError


class Unfit(ConfigError):
    """What was edited is no definition; the text is kept, so that it can be edited on."""

    def __init__(self, problems: tuple[str, ...], text: str) -> None:
        super().__init__(problems)
        self.text = text


def edited(text: str, *, environ: Mapping[str, str] | None = None) -> tuple[dict[str, Any], str]:
    """Return the definition that an editor makes of a text, and the text; Unfit where it is none."""
    with tempfile.TemporaryDirectory(prefix="cronsole-") as folder:
        path = Path(folder, "schedule.toml")
        path.write_text(text, encoding="utf-8")
        words = shlex.split(_editor(os.environ if environ is None else environ))
        try:
            done = subprocess.run([*words, str(path)], check=False)
        except OSError as error:
            raise CronsoleError(
                f"the editor {words[0]} cannot be started: {error.strerror}; set EDITOR"
            ) from error
        if done.returncode:
            raise CronsoleError(f"the editor {words[0]} exited with {done.returncode}; nothing was changed")
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return definition_of(text, "what you wrote"), text
    except ConfigError as error:
        raise Unfit(error.problems, text) from error


def _editor(environ: Mapping[str, str]) -> str:
    return environ.get("VISUAL") or environ.get("EDITOR") or "vi"
