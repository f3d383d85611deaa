from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.served import Served
from tests.runtime import handlers_in_tests
from tests.runtime.house import House


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    handlers_in_tests.reset()
    house = House(tmp_path / "state")
    made = Served(house)
    yield made
    for gate in handlers_in_tests.gates.values():
        gate.set()
    # What waits for it may end, also after a test that failed.
    house.state.mkdir(exist_ok=True)
    (house.state / "done").touch()
    await made.stop()
