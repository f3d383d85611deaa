from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.plugins.python_plugins import Yard


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    folder = tmp_path / "plugins"
    folder.mkdir()
    made = Yard(folder)
    yield made
    await made.registry.close()
