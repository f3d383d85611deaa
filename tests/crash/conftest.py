"""Sites of the battery: whatever a test does to its engine, nothing of it is left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.crash.fixture import Task
from tests.crash.harness import Site

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    sites: list[Site] = []

    def make(tasks: tuple[Task, ...], **settings: str) -> Site:
        folder = tmp_path / f"site-{len(sites)}"
        folder.mkdir()
        site = Site(folder, tasks, {"shutdown_grace": '"500ms"', **settings})
        sites.append(site)
        return site

    yield make
    for site in sites:
        site.clean_up()
