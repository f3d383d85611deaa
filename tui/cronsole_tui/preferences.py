"""How its user likes the console: theme, keys, glyphs and bell, from `$XDG_CONFIG_HOME/cronsole/console.toml`."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from cronsole.errors import ConfigError

# Their names alone, for those who cannot wait for Textual: a shell that completes them.
THEME_NAMES = ("dark", "light", "high-contrast", "ansi")


class Preferences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`keys` gives actions other keys: `trigger = "!"`, `filter = ["/", "ctrl+f"]`.

    What is left open, the terminal decides.
    """

    theme: str | None = None
    ascii: bool | None = None
    bell: bool = False
    keys: dict[str, str | list[str]] = {}


def preferences_path(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", "/"), ".config")
    return Path(base, "cronsole", "console.toml")


def read_preferences(path: Path) -> Preferences:
    """Return what the file says, the defaults without one; ConfigError tells what is wrong with it."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return Preferences()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error
    try:
        return msgspec.convert(tomllib.loads(text), Preferences)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError([f"{path}: {error}"]) from error
