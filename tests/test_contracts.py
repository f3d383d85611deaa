"""The import contracts: each goes red when its rule is broken. What import-linter cannot see is seen here."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
ENGINE = REPOSITORY / "engine" / "cronsole"
CONSOLE = REPOSITORY / "tui" / "cronsole_tui"
SOURCES = sorted([*ENGINE.rglob("*.py"), *CONSOLE.rglob("*.py")])

# One module for each room of the finished house, so that also the rules of rooms to come are tried.
HOUSE = """
    cronsole/model/schedule cronsole/errors cronsole/clock cronsole/marks cronsole/terminal cronsole/text
    cronsole/triggers/describe cronsole/triggers/cron cronsole/planning/due cronsole/config/load
    cronsole/catalog cronsole/simulate cronsole/testing
    cronsole/store/base cronsole/store/sqlite cronsole/executors/base cronsole/executors/command
    cronsole/plugins/base cronsole/notify/webhook cronsole/fleet/lease cronsole/monitors/poll
    cronsole/runtime/engine cronsole/runtime/ticker cronsole/dialects/bext
    cronsole/api/app cronsole/client/http cronsole/cli/main
    cronsole_tui/app cronsole_tui/screens/runs cronsole_tui/widgets/live_table cronsole_tui/views/rows
"""

# The rule, the module that breaks it, and the import that does.
VIOLATIONS = [
    ("1", "cronsole/model/schedule", "cronsole.errors"),
    ("1", "cronsole/errors", "cronsole.text"),
    ("1", "cronsole/attic", "cronsole.model.schedule"),
    ("2", "cronsole/triggers/cron", "asyncio"),
    ("2", "cronsole/planning/due", "cronsole.clock"),
    ("2", "cronsole/planning/due", "random"),
    ("2", "cronsole/marks", "asyncio"),
    ("2", "cronsole_tui/views/rows", "textual"),
    ("3", "cronsole/store/sqlite", "cronsole.runtime.ticker"),
    ("3", "cronsole/executors/command", "cronsole.runtime.ticker"),
    ("3", "cronsole/plugins/base", "cronsole.runtime.ticker"),
    ("3", "cronsole/notify/webhook", "cronsole.runtime.ticker"),
    ("3", "cronsole/fleet/lease", "cronsole.runtime.ticker"),
    ("3", "cronsole/runtime/ticker", "cronsole.store.sqlite"),
    ("3", "cronsole/runtime/ticker", "cronsole.executors.command"),
    ("3", "cronsole/runtime/ticker", "cronsole.notify.webhook"),
    ("4", "cronsole/catalog", "cronsole.dialects.bext"),
    ("4", "cronsole/runtime/ticker", "cronsole.dialects.bext"),
    ("4", "cronsole/dialects/bext", "cronsole.store.base"),
    ("5", "cronsole/api/app", "cronsole.runtime.engine"),
    ("5", "cronsole/api/app", "cronsole.store.base"),
    ("5", "cronsole/client/http", "cronsole.api.app"),
    ("5", "cronsole/client/http", "cronsole.config.load"),
    ("6", "cronsole/runtime/ticker", "cronsole_tui.app"),
    ("6", "cronsole/cli/main", "textual"),
    ("7", "cronsole_tui/app", "cronsole.runtime.engine"),
    ("7", "cronsole_tui/app", "cronsole.triggers.cron"),
    ("8", "cronsole_tui/widgets/live_table", "cronsole_tui.screens.runs"),
    ("8", "cronsole_tui/views/rows", "cronsole_tui.widgets.live_table"),
]

ALLOWED = [
    ("cronsole/runtime/ticker", "cronsole.store.base"),
    ("cronsole/runtime/engine", "cronsole.store.sqlite"),
    ("cronsole/runtime/engine", "cronsole.dialects.bext"),
    ("cronsole/config/load", "cronsole.dialects.bext"),
    ("cronsole/client/http", "cronsole.model.schedule"),
    ("cronsole/cli/main", "cronsole_tui.app"),
    ("cronsole_tui/app", "cronsole.client.http"),
    ("cronsole_tui/views/rows", "cronsole.triggers.describe"),
    ("cronsole_tui/views/rows", "cronsole.marks"),
    ("cronsole_tui/views/rows", "cronsole.terminal"),
    ("cronsole_tui/screens/runs", "cronsole_tui.widgets.live_table"),
]


def build_house(root: Path) -> None:
    for module in HOUSE.split():
        file = root / f"{module}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for folder in [path for path in root.rglob("*") if path.is_dir()]:
        (folder / "__init__.py").touch()


def broken_rules(root: Path) -> set[str]:
    """Return the numbers of the rules that import-linter finds broken in a house."""
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache", "--no-logo", "--config", REPOSITORY / ".importlinter"],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"},
        timeout=60,
    )
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    return set(re.findall(r"^(\d)\. .* BROKEN", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(("rule", "module", "imported"), VIOLATIONS)
def test_a_forbidden_import_breaks_its_rule(tmp_path: Path, rule: str, module: str, imported: str):
    build_house(tmp_path)
    (tmp_path / f"{module}.py").write_text(f"import {imported}\n")
    assert rule in broken_rules(tmp_path)


def test_the_imports_that_the_rules_allow_break_none(tmp_path: Path):
    build_house(tmp_path)
    for module, imported in ALLOWED:
        (tmp_path / f"{module}.py").write_text(f"import {imported}\n")
    assert broken_rules(tmp_path) == set()


@pytest.mark.parametrize("root", [ENGINE.parent, CONSOLE.parent], ids=["engine", "tui"])
def test_a_source_root_is_no_package(root: Path):
    assert not (root / "__init__.py").exists()


def test_every_folder_with_modules_is_a_package_that_the_contracts_can_see():
    folders = {file.parent for file in SOURCES}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_command_line_opens_the_console_only_inside_a_function():
    at_import = [
        f"{file.relative_to(REPOSITORY)}:{node.lineno}"
        for file in (ENGINE / "cli").rglob("*.py")
        for node in imports_at_module_level(file)
        if any(name.partition(".")[0] == "cronsole_tui" for name in imported_names(node))
    ]
    assert at_import == []


def imports_at_module_level(file: Path) -> list[ast.Import | ast.ImportFrom]:
    waiting: list[ast.AST] = [ast.parse(file.read_text())]
    found = []
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def imported_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


def test_no_module_outgrows_four_hundred_lines():
    assert [str(file) for file in SOURCES if len(file.read_text().splitlines()) > 400] == []
