"""What the quick commands must not load: the budgets for their start leave no room for it."""

import subprocess
import sys

import pytest

HEAVY = {"textual", "litestar", "aiosqlite"}


def loaded_by(*args: str) -> set[str]:
    """Return the top-level packages that a command loads, as the interpreter itself reports them."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cronsole", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-2000:]}"
    names = (line.rpartition("|")[2].strip() for line in done.stderr.splitlines())
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    "args",
    [("--version",), ("--help",), ("run", "--help"), ("attach", "--help"), ("next", "*/5 * * * *")],
    ids=" ".join,
)
def test_a_quick_command_loads_neither_console_nor_server_nor_database(args: tuple[str, ...]):
    loaded = loaded_by(*args)
    assert "cronsole" in loaded
    assert not loaded & HEAVY


def test_the_version_is_told_without_the_parser_of_the_command_line():
    assert not loaded_by("--version") & {"typer", "pydantic", "rich", "msgspec", "asyncio"}


def test_the_help_lists_the_verbs_without_loading_them():
    assert "msgspec" not in loaded_by("--help")
