import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronsole.client.target import HttpTarget, SshTarget, Target, UnixTarget, parse_target
from cronsole.errors import CronsoleError


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("unix:/run/x/cronsole.sock", UnixTarget("/run/x/cronsole.sock")),
        ("unix:///run/x.sock", UnixTarget("/run/x.sock")),
        ("unix:x.sock", UnixTarget("x.sock")),
        ("/run/with:colon and space", UnixTarget("/run/with:colon and space")),
        ("./here", UnixTarget("./here")),
        ("cronsole.sock", UnixTarget("cronsole.sock")),
        ("ssh://web-1", SshTarget("web-1")),
        ("ssh://web-1/", SshTarget("web-1")),
        ("ssh://Ann@Web-1.example:2222/run/c.sock", SshTarget("Web-1.example", "Ann", 2222, "/run/c.sock")),
        ("ssh://[::1]:22", SshTarget("::1", port=22)),
        ("ssh://h/home/a%20b/c.sock", SshTarget("h", socket="/home/a b/c.sock")),
        ("https://host", HttpTarget("host")),
        ("https://host:8443/", HttpTarget("host", 8443)),
        ("http://[::1]:80", HttpTarget("::1", 80, is_secure=False)),
    ],
)
def test_a_target_is_understood(text: str, target: Target):
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ""),
        ("web-1", "a host is written ssh://web-1"),
        ("unix:", "the path of the socket is missing"),
        ("ftp://host", "ftp:// is not a way to an engine"),
        ("ssh://", "the host is missing"),
        ("ssh://host:0", "there is no port 0"),
        ("ssh://host:99999", "Port out of range"),
        ("ssh://host?x", "a query or a fragment"),
        ("ssh://host/a;b", "the far socket is absolute"),
        ("ssh://host/a%24(x)", "the far socket is absolute"),
        ("ssh://host/a%0Ab", "the far socket is absolute"),
        ("ssh://user:secret@host", "such as a password"),
        ("https://token@host", "a token is named by CRONSOLE_TOKEN"),
        ("https://host/path", "ends after host and port"),
        ("unix:/a\nb", "a control character"),
    ],
)
def test_what_is_no_target_is_refused_with_what_is_accepted(text: str, reason: str):
    with pytest.raises(CronsoleError) as refusal:
        parse_target(text)
    assert reason in str(refusal.value)
    assert "accepted are unix:PATH, /path/to.sock, ssh://[user@]host[:port][/path/to.sock]" in str(
        refusal.value
    )
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "ssh://-oProxyCommand=touch%20pwned",
        "ssh://-oProxyCommand=x",
        "ssh://-lroot@host",
        "ssh://a@-oX",
        "ssh://-F",
        "ssh://$(id)",
        "ssh://a`id`",
        "ssh://a;b",
        "ssh://a b",
        "ssh://%h",
        "ssh://a'b@host",
    ],
)
def test_nothing_that_ssh_or_a_shell_would_take_for_their_own_is_a_host_or_a_user(text: str):
    with pytest.raises(CronsoleError):
        parse_target(text)


@given(st.text())
def test_any_text_is_either_a_target_or_refused(text: str):
    try:
        target = parse_target(text)
    except CronsoleError:
        return
    assert isinstance(target, UnixTarget | SshTarget | HttpTarget)


@given(st.text(min_size=1), st.text())
def test_a_host_or_user_for_ssh_never_begins_with_a_dash(user: str, host: str):
    try:
        target = parse_target(f"ssh://{user}@{host}")
    except CronsoleError:
        return
    assert isinstance(target, SshTarget)
    assert not target.host.startswith("-")
    assert not target.user.startswith("-")


def test_an_address_of_the_sixth_version_is_written_in_brackets():
    assert HttpTarget("::1", 80).authority == "[::1]:80"
    assert HttpTarget("host").authority == "host"
