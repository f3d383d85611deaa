"""The example plugin, as a person runs it: a real engine in a process of its own, and kill -9."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("grpc_tools")

from tests.client.engine_process import EngineProcess

from cronsole.executors import tree

EXAMPLE = Path(__file__).parents[2] / "examples/plugins/grpc/glyphs.py"
_SECONDS = 30

CONFIG = """
[plugins.glyphs]
command = [{python}, {example}]
env = {{ PYTHONPATH = {path} }}
config = {{ folder = {folder}, look_every = "1" }}
"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")
        assert isinstance(self.server, Counting)
        self.server.note(self.path)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Counting(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Site)
        self.asked: list[str] = []
        self._changed = threading.Condition()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def note(self, path: str) -> None:
        with self._changed:
            self.asked.append(path)
            self._changed.notify_all()

    def until(self, holds: Callable[[list[str]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.asked), _SECONDS), self.asked


@pytest.fixture
def site() -> Iterator[Counting]:
    made = Counting()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    made = EngineProcess(tmp_path)
    made.config.write_text(
        CONFIG.format(
            python=json.dumps(sys.executable),
            example=json.dumps(str(EXAMPLE)),
            path=json.dumps(os.pathsep.join(path for path in sys.path if path)),
            folder=json.dumps(str(tmp_path / "glyphs")),
        )
    )
    yield made
    made.stop()
    made.close()


def plugin_pid(engine: EngineProcess) -> int:
    (note,) = (engine.socket.parent / "plugins").glob("*.process")
    return int(json.loads(note.read_text())["pid"])


def write(path: Path, glyph: dict[str, object]) -> None:
    """Write it at once: somebody looks while we do."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(glyph))
    part.rename(path)


def test_glyphs_are_polled_across_a_restart_and_a_kill_of_the_engine(
    engine: EngineProcess, site: Counting, tmp_path: Path
) -> None:
    """„Any plugin can create recurring Pulse schedules at runtime based on user actions.“"""
    glyphs = tmp_path / "glyphs"
    glyphs.mkdir()
    engine.start()
    write(glyphs / "a.json", {"url": f"{site.url}/a", "every": 1})
    site.until(lambda asked: asked.count("/a") >= 2)
    known = json.loads((glyphs / ".schedules").read_text())
    engine.stop()
    assert not list((engine.socket.parent / "plugins").glob("*.process"))

    count = len(site.asked)
    engine.start()
    site.until(lambda asked: len(asked) >= count + 2)
    left = plugin_pid(engine)
    engine.stop(signal.SIGKILL)

    count = len(site.asked)
    engine.start()
    site.until(lambda asked: len(asked) >= count + 2)
    seen = tree.stat(left)
    assert seen is None or seen.is_zombie
    assert json.loads((glyphs / ".schedules").read_text()) == known

    # One look takes both in, the paused one first.
    write(glyphs / "a.json", {"url": f"{site.url}/a", "every": 1, "paused": True})
    write(glyphs / "b.json", {"url": f"{site.url}/b", "every": 1})
    site.until(lambda asked: "/b" in asked)
    count = site.asked.count("/a")
    site.until(lambda asked: asked.count("/b") >= 4)
    assert site.asked.count("/a") == count
    write(glyphs / "a.json", {"url": f"{site.url}/a", "every": 1})
    site.until(lambda asked: asked.count("/a") >= count + 2)

    (glyphs / "a.json").unlink()
    site.until(lambda _: list(json.loads((glyphs / ".schedules").read_text())) == ["b.json"])
