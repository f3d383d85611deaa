"""A real engine in a process of its own, served on a socket and on https."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cronsole.api import tokens

_START_SECONDS = 30

PLUGIN = """
from cronsole import Plugin, Schedule


class Greeter(Plugin):
    version = "1.2"

    def schedules(self):
        return [Schedule("greet", cron="30 4 1 1 *")]

    def run(self, ctx):
        ctx.log("hello")

    def shout(self, ctx):
        '''Say it loudly.'''
        ctx.log("HELLO")
"""

CONFIG = """
plugin_roots = ["{folder}/plugins"]

[api]
listen = "127.0.0.1:{port}"
tls_certificate = "{certificate}"
tls_key = "{key}"

[[tasks]]
id = "etc/nightly-backup"
cron = "0 3 * * *"
description = "copies everything"
tags = ["backup"]
command = "echo backed up"

[[tasks]]
id = "echo"
cron = "30 4 1 1 *"
tags = ["manual"]
command = "echo one; echo two"

[[tasks]]
id = "wordy"
cron = "30 4 1 1 *"
command = "seq 1 100000"

[[tasks]]
id = "waits"
cron = "30 4 1 1 *"
overlap = "allow"
max_parallel = 20
command = "echo begun; read line < {folder}/gate; echo $line"

[[tasks]]
id = "flaky"
cron = "30 4 1 1 *"
command = "echo attempt $CRONSOLE_ATTEMPT; exit 1"
retry = {{ attempts = 1, delay = "50ms", backoff = 1 }}
"""


class EngineProcess:
    """Its state stays where it is, so that it can be killed and started anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        state = folder / "state"
        state.mkdir(mode=0o700, parents=True)
        (folder / "plugins").mkdir()
        (folder / "plugins" / "greeter.py").write_text(PLUGIN)
        os.mkfifo(folder / "gate")
        # Held open, so that neither who writes nor who reads has to wait for the other.
        self._gate = os.open(folder / "gate", os.O_RDWR)
        self.socket = state / "cronsole.sock"
        self.certificate = folder / "certificate.pem"
        key = folder / "key.pem"
        _write_certificate(self.certificate, key)
        port = _free_port()
        self.origin = f"https://127.0.0.1:{port}"
        self.config = folder / "cronsole.toml"
        self.config.write_text(CONFIG.format(folder=folder, port=port, certificate=self.certificate, key=key))
        self.token = self._make_token("ann", "admin")
        self.viewer_token = self._make_token("eve", "viewer")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return when it answers."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            notify = self._folder / "notify"
            notify.unlink(missing_ok=True)
            manager.bind(str(notify))
            manager.settimeout(_START_SECONDS)
            with (self._folder / "engine.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "cronsole", "engine", self.config, "--state", self.socket.parent],
                    env={**os.environ, "NOTIFY_SOCKET": str(notify)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            try:
                while b"READY=1" not in manager.recv(4096):
                    pass
            except TimeoutError:
                self.stop(signal.SIGKILL)
                raise AssertionError((self._folder / "engine.log").read_text()) from None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Return when it has ended."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=60)
            self._process = None

    def open_gate(self, line: str) -> None:
        """Let one run of `waits` end with a line."""
        os.write(self._gate, f"{line}\n".encode())

    def close(self) -> None:
        self.stop(signal.SIGKILL)
        os.close(self._gate)

    def _make_token(self, name: str, role: str) -> str:
        return tokens.create(
            self.socket.with_name("tokens.json"),
            name,
            role=role,
            permissions=(),
            now=datetime.now(UTC),
            expires_at=None,
        )


@contextmanager
def running(folder: Path) -> Iterator[EngineProcess]:
    engine = EngineProcess(folder)
    try:
        engine.start()
        yield engine
    finally:
        engine.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _write_certificate(certificate: Path, key: Path) -> None:
    """Make a certificate for 127.0.0.1 that is its own authority."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cronsole test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    key.chmod(0o600)
