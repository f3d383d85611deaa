from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.runtime import handlers_in_tests
from tests.runtime.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    handlers_in_tests.reset()
    made = House(tmp_path / "state")
    yield made
    for gate in handlers_in_tests.gates.values():
        gate.set()
    await made.stop()
