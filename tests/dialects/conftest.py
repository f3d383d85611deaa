from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path / "state")
    yield made
    await made.stop()
