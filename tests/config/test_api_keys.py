"""`[api]`: what is read, and what does not go together."""

import pytest
from tests.config.writing import Folder

from cronsole.model.settings import Api

TASK = '[[tasks]]\nid = "t"\ncron = "5m"\n'


def api(folder: Folder, text: str) -> Api:
    return folder.load(f"[api]\n{text}\n{TASK}").settings.api


def test_without_the_table_there_is_a_socket_and_nothing_else(folder: Folder):
    assert folder.load(TASK).settings.api == Api()


def test_every_key_is_read(folder: Folder):
    found = api(
        folder,
        """
        socket = "run/api.sock"
        listen = "[::1]:8443"
        tls_certificate = "/etc/cert.pem"
        tls_key = "/etc/key.pem"
        token_file = "/etc/tokens.json"
        hosts = ["Cron.Example.com", "10.0.0.7"]
        users = {ops = "operator", 1001 = "deploy"}
        roles = {deploy = ["read", "write"]}
        """,
    )
    assert found == Api(
        socket=str(folder.path / "run/api.sock"),
        listen="[::1]:8443",
        tls_certificate="/etc/cert.pem",
        tls_key="/etc/key.pem",
        token_file="/etc/tokens.json",
        hosts=("cron.example.com", "10.0.0.7"),
        users=(("1001", "deploy"), ("ops", "operator")),
        roles=(("deploy", ("read", "write")),),
    )


@pytest.mark.parametrize("listen", ["127.0.0.1:0", ":8443", "cron.example.com:443", "0.0.0.0:65535"])
def test_an_address_is_host_and_port(folder: Folder, listen: str):
    assert api(folder, f'listen = "{listen}"').listen == listen


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('listen = "8443"', 'c.toml:2: api.listen = "8443": is not HOST:PORT'),
        ('listen = "http://localhost:80"', "is not HOST:PORT"),
        ('listen = "localhost:65536"', "has a port that there is not"),
        ('listen = ":1"\nhosts = "http://x"', "is no name of a host"),
        ('tls_key = "k"', "c.toml:2: api.tls_key: needs tls_certificate beside it"),
        ('listen = ":1"\ntls_certificate = "c"', "c.toml:3: api.tls_certificate: needs tls_key beside it"),
        ('hosts = "a"', "c.toml:2: api.hosts: is of use with listen only"),
        ('users = {ops = "viewer"}', "c.toml:2: api.users: needs socket"),
        (
            'socket = "/run/s"\nusers = {ops = "vieewer"}',
            'c.toml:3: api.users.ops = "vieewer": is no role; did you mean "viewer"?',
        ),
        ('socket = "/run/s"\nusers = ["ops"]', "is a list; accepted is a table of users and roles"),
        ('roles = {admin = ["read"]}', "is a role already"),
        ("roles = {x = []}", "bundles nothing"),
        (
            'roles = {x = ["reead"]}',
            'c.toml:2: api.roles.x[0] = "reead": is no permission; did you mean "read"?',
        ),
        ('sokket = "/run/s"', 'unknown key; did you mean "socket"?'),
    ],
)
def test_a_fault_is_told_with_its_line(folder: Folder, text: str, told: str):
    (found,) = folder.problems(f"[api]\n{text}\n{TASK}")
    assert told in found


def test_the_table_belongs_into_the_main_file(folder: Folder):
    folder.write(f'[api]\nlisten = ":1"\n{TASK}', "more.toml")
    (found,) = folder.problems('include = "more.toml"\n')
    assert found == "more.toml:1: api: belongs in the main file, not in an included one"


def test_it_can_be_written_in_yaml(folder: Folder):
    text = "api:\n  listen: ':8443'\n  roles: {deploy: read}\ntasks:\n  - {id: t, cron: 5m}\n"
    found = folder.load(text, "c.yaml").settings.api
    assert (found.listen, found.roles) == (":8443", (("deploy", ("read",)),))
