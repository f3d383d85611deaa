"""The plugins of examples/plugins/process, as they stand, against a real service."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.processes import MemoryState, ground_in, job, opened

from cronsole.config.load import load
from cronsole.executors.libc import become_subreaper
from cronsole.model.run import RunState
from cronsole.plugins.manifest import read_manifest

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins" / "process"


class Service(HTTPServer):
    """Gives out tokens, and measures to whoever has the newest one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issued = 0
        self.asked: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/token":
            self.server.issued += 1
            self._answer(
                {"access_token": f"a{self.server.issued}", "refresh_token": f"{body['refresh_token']}+"}
            )
        elif self.headers["Authorization"] == f"Bearer a{self.server.issued}":
            self.server.asked.append(body)
            self._answer({"measures": [{"kind": "kg", "value": 80}], "cursor": body["since"] + 1})
        else:
            self.send_error(401)

    def _answer(self, found: dict[str, Any]) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    become_subreaper()
    with Service() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


class Withings:
    """The example, with what it remembers merged as an engine does."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.home = folder / "withings"
        shutil.copytree(EXAMPLES / "withings", self.home)
        self.state = MemoryState()
        self.config = json.dumps({"base_url": url, "secrets": {"refresh_token": "r"}})

    async def call(self, verb: str) -> Any:
        ground = ground_in(self.folder, state=self.state)
        plugin = await opened(self.home, ground, config=self.config)
        outcome = await plugin.call(job(self.folder, verb), verb)
        await plugin.close()
        if outcome.remembered is not None:
            await self.state.merge("withings", json.loads(outcome.remembered.updates))
        return outcome


@pytest.fixture
def withings(tmp_path: Path, service: Service) -> Withings:
    return Withings(tmp_path, f"http://127.0.0.1:{service.server_port}")


async def test_the_poll_uses_the_token_that_token_refresh_brought(withings, service):
    early = await withings.call("poll")
    assert (early.state, early.is_final) == (RunState.FAILED, False)
    assert "there is no token yet" in early.detail
    assert (await withings.call("token_refresh")).state is RunState.SUCCEEDED
    for since in (0, 1):
        outcome = await withings.call("poll")
        assert outcome.detail == "1 new measures"
        assert service.asked[-1] == {"since": since}
    assert withings.state.tables["withings"] == {"access_token": "a1", "refresh_token": "r+", "cursor": 2}


async def test_a_token_that_is_refused_is_final_and_a_service_that_is_down_is_not(withings, service):
    await withings.call("token_refresh")
    service.issued += 1
    outcome = await withings.call("poll")
    assert (outcome.detail, outcome.is_final) == ("the service says 401", True)
    withings.config = json.dumps({"base_url": "http://127.0.0.1:9"})
    outcome = await withings.call("poll")
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, False)


async def test_the_refreshed_token_replaces_the_one_before(withings):
    await withings.call("token_refresh")
    await withings.call("token_refresh")
    assert withings.state.tables["withings"] == {"access_token": "a2", "refresh_token": "r++"}


async def test_a_plugin_in_sh_needs_nothing_but_what_every_machine_has(tmp_path):
    become_subreaper()
    home = shutil.copytree(EXAMPLES / "disk", tmp_path / "disk")
    for limit, state in ((100, RunState.SUCCEEDED), (-1, RunState.FAILED)):
        plugin = await opened(Path(home), config=json.dumps({"limit_percent": max(limit, 0)}))
        outcome = await plugin.call(job(tmp_path), "poll")
        await plugin.close()
        assert outcome.state is state, outcome
        assert "% used, the limit is" in outcome.output


def test_the_configuration_beside_them_loads_as_it_stands():
    found = load(EXAMPLES / "cronsole.yaml", environ={"WITHINGS_REFRESH_TOKEN": "r"}, now=0)
    schedules = [schedule.id for plugin in found.settings.plugins for schedule in plugin.schedules]
    assert schedules == ["withings/token_refresh", "withings/poll", "disk/poll"]
    assert found.warnings == ()
    for plugin in found.settings.plugins:
        listed = [command.name for command in read_manifest(EXAMPLES / plugin.name).commands]
        assert {schedule.id.partition("/")[2] for schedule in plugin.schedules} <= set(listed)
