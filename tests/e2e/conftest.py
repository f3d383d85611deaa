from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.place import Place

Laying = Callable[..., Place]


@pytest.fixture
def lay(tmp_path: Path) -> Iterator[Laying]:
    """Lay out places; what they leave behind once their engines are stopped is a failure."""
    places: list[Place] = []

    def lay_one(tasks: str, *, settings: str = "") -> Place:
        folder = tmp_path / f"{len(places)}"
        folder.mkdir()
        places.append(Place(folder, tasks, settings=settings))
        return places[-1]

    yield lay_one
    try:
        for place in places:
            place.stop_engine()
            for terminal in place.terminals:
                terminal.close()
            assert place.left_behind == []
    finally:
        for place in places:
            place.close()
