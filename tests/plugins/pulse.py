"""The scripted plugin of `pulse_plugin.py`, in a process of its own or started by the engine."""

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.dialects.protoc import generate

from cronsole.model.settings import PluginSettings

SCRIPT = Path(__file__).with_name("pulse_plugin.py")


@cache
def code_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cronsole-protoc-"))
    generate(folder)
    return folder


class Glyphs:
    """What the plugin is told to do, and what it noted of what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, str(SCRIPT), "--code", str(code_folder()), "--folder", str(self.folder))

    @property
    def address(self) -> str:
        return f"unix:{self.folder}/plugin.sock"

    def settings(self, **more: Any) -> PluginSettings:
        """As one that the engine starts, or at its address where `grpc` is given."""
        given = {"name": "glyphs", **({} if "grpc" in more else {"command": self.command}), **more}
        return PluginSettings(**given)

    def script(self, **said: Any) -> None:
        (self.folder / "script.json").write_text(json.dumps(said))

    def notes(self, what: str = "") -> list[dict[str, Any]]:
        path = self.folder / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        notes = [json.loads(line) for line in lines]
        return [note for note in notes if what in ("", note["what"])]

    def start(self) -> None:
        """Start it by itself, at its address, as somebody else would."""
        (self.folder / "plugin.sock").unlink(missing_ok=True)
        self._process = subprocess.Popen([*self.command, "--address", self.address], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"serving\n"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
