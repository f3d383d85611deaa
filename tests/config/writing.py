"""Configurations written for one test, and what loading them gives."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from cronsole.config.load import load
from cronsole.errors import ConfigError
from cronsole.model.instant import from_iso
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Configuration

NOW = from_iso("2026-11-20T12:00Z")


class Folder:
    """A folder in which a test writes files; problems are told without its path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, text: str | bytes, name: str = "c.toml") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def load(
        self, text: str | bytes, name: str = "c.toml", *, environ: Mapping[str, str] | None = None
    ) -> Configuration:
        return load(self.write(text, name), environ=environ or {}, now=NOW)

    def task(self, text: str, *, environ: Mapping[str, str] | None = None) -> Schedule:
        """Return the only schedule of a file with one `[[tasks]]` entry; id and trigger are given if missing."""
        given = ('id = "t"\n' if "id =" not in text else "") + ("" if _has_trigger(text) else 'cron = "5m"\n')
        (schedule,) = self.load(f"[[tasks]]\n{given}{text}", environ=environ).schedules
        return schedule

    def warnings(self, text: str) -> list[str]:
        return [self._short(warning) for warning in self.load(text).warnings]

    def problems(
        self, text: str | bytes, name: str = "c.toml", *, environ: Mapping[str, str] | None = None
    ) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.load(text, name, environ=environ)
        return [self._short(problem) for problem in caught.value.problems]

    def problem(self, task: str, *, environ: Mapping[str, str] | None = None) -> str:
        """Return what is wrong with a task, without its place."""
        (found,) = self.problems(f'[[tasks]]\nid = "t"\n{task}', environ=environ)
        place, _, told = found.partition(': tasks[0] "t": ')
        assert place.startswith("c.toml:")
        return told

    def _short(self, text: str) -> str:
        return text.replace(f"{self.path}/", "")


def _has_trigger(text: str) -> bool:
    return any(
        line.split("=")[0].strip() in ("cron", "schedule", "every", "at", "after")
        for line in text.splitlines()
    )
