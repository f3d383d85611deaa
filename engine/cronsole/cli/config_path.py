"""Finds the configuration that a command is about."""

import os
from pathlib import Path

from cronsole.errors import ConfigError


def find_config(chosen: Path | None) -> Path:
    """Return the chosen path, else the first default that exists."""
    if chosen is not None:
        return chosen
    candidates = default_configs()
    for candidate in candidates:
        if candidate.exists():
            return candidate
    places = ", ".join(str(candidate) for candidate in candidates)
    raise ConfigError([f"no configuration was given, and none is at {places}"])


def default_configs() -> tuple[Path, ...]:
    """Return where a configuration is looked for, nearest first."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return Path("cronsole.toml"), home / "cronsole" / "cronsole.toml", Path("/etc/cronsole/cronsole.toml")
