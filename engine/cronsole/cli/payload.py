"""What a run is handed: JSON on the command line, in a file, or on stdin; and the key that makes asking twice safe."""

import sys
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
import typer

from cronsole.cli.connection import misuse

PayloadOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--payload", metavar="JSON|@FILE|-", help="JSON for the run, in CRONSOLE_PAYLOAD; - is stdin."
    ),
]
KeyOption: TypeAlias = Annotated[
    str, typer.Option("--key", help="The same key never starts a second run: safe to repeat in scripts.")
]


def read_payload(word: str | None) -> Any:
    """Return what the word of `--payload` stands for, None where there is none; exits where that is no JSON."""
    if word is None:
        return None
    try:
        if word == "-":
            text = sys.stdin.buffer.read()
        elif word.startswith("@"):
            text = Path(word[1:]).read_bytes()
        else:
            text = word.encode()
    except OSError as error:
        misuse(f"--payload {word}: {error.strerror}")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        misuse(f"""--payload is not JSON: {error}; text needs its quotes: --payload '"text"'""")
