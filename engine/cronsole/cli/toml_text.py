"""Writes values as TOML that people like to read: literal strings where they will do."""

from collections.abc import Iterable, Mapping

import msgspec


def toml_text(text: str) -> str:
    """Return a string as TOML: as it stands where it has quotes or backslashes, over lines where it has lines."""
    if '"' not in text and "\\" not in text and text.isprintable():
        return f'"{text}"'
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    if "'''" not in text and not text.endswith("'") and text.replace("\n", "").isprintable():
        return f"'''\n{text}'''"
    # What JSON escapes, TOML reads alike; it also wants DEL to be.
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def toml_list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(toml_text, texts))}]"


def toml_table(texts: Mapping[str, str]) -> str:
    """Return an inline table; its values stay on one line, as its grammar wants."""
    pairs = (f"{_key(name)} = {_on_one_line(text)}" for name, text in texts.items())
    return f"{{ {', '.join(pairs)} }}"


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "_").replace("_", "a").isalnum()
    return name if bare else msgspec.json.encode(name).decode()


def _on_one_line(text: str) -> str:
    return (
        toml_text(text)
        if text.isprintable()
        else msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
    )
