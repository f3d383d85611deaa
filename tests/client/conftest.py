from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.client import engine_process, ssh_server
from tests.client.engine_process import EngineProcess
from tests.client.ssh_server import HOST, SshServer

from cronsole.client.engine import EngineClient

CARRIERS = ["unix", "https", "ssh", "ssh-dial"]

Clients: TypeAlias = Callable[[str, EngineProcess], EngineClient]


@pytest.fixture(scope="module")
def shared_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    with engine_process.running(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine that a test may kill."""
    with engine_process.running(tmp_path / "engine") as engine:
        yield engine


@pytest.fixture(scope="module")
def _sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with ssh_server.serving(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def sshd(_sshd: SshServer) -> SshServer:
    _sshd.behave()
    return _sshd


@pytest.fixture
def client_of(sshd: SshServer, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Make a client of an engine by the name of its carrier."""

    def make(carrier: str, engine: EngineProcess) -> EngineClient:
        sshd.behave(may_forward=carrier == "ssh")
        match carrier:
            case "unix":
                return EngineClient.at(f"unix:{engine.socket}")
            case "https":
                monkeypatch.setenv("SSL_CERT_FILE", str(engine.certificate))
                return EngineClient.at(engine.origin, token=engine.token)
            case _:
                return EngineClient(f"ssh://{HOST}{engine.socket}", ssh=sshd.ssh)

    return make


@pytest.fixture(params=CARRIERS)
async def client(
    request: pytest.FixtureRequest, client_of: Clients, shared_engine: EngineProcess
) -> AsyncIterator[EngineClient]:
    async with client_of(request.param, shared_engine) as client:
        yield client
