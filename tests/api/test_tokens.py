"""The token file, and the door that it opens."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.api.served import Served

from cronsole.api import tokens
from cronsole.api.throttle import Throttle
from cronsole.api.tokens import TokenFault, TokenFile, create, hash_of, read_tokens, revoke
from cronsole.errors import CronsoleError
from cronsole.testing import FakeClock

NOW = datetime(2026, 11, 20, tzinfo=UTC)
AT = int(NOW.timestamp() * 1000)


def made(path: Path, name: str = "deploy", **how: object) -> str:
    given = {"role": "viewer", "permissions": (), "now": NOW, "expires_at": None, **how}
    return create(path, name, **given)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def test_the_file_is_for_its_owner_alone_and_holds_no_token(path: Path):
    secret = made(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret.removeprefix(tokens.PREFIX) not in path.read_text()
    assert TokenFile(path).find(secret, AT) == read_tokens(path)[0]


def test_each_token_has_256_bits_of_its_own(path: Path):
    secrets = {made(path, str(number)) for number in range(20)}
    assert len(secrets) == 20
    assert min(map(len, secrets)) >= len(tokens.PREFIX) + 43


def test_a_name_is_given_once(path: Path):
    made(path)
    with pytest.raises(CronsoleError, match='there is a token "deploy" already'):
        made(path)


def test_a_token_that_was_revoked_or_has_expired_is_found_no_more(path: Path):
    kept, gone = made(path, "kept"), made(path, "gone")
    short = made(path, "short", expires_at=datetime(2026, 11, 21, tzinfo=UTC))
    file = TokenFile(path)
    assert file.find(gone, AT) is not None
    assert file.find(short, AT + 86_399_999) is not None
    revoke(path, "gone")
    assert file.find(gone, AT) is None
    assert file.find(short, AT + 86_400_000) is None
    assert file.find(kept, AT) is not None


def test_revoking_what_there_is_not_names_what_there_is(path: Path):
    made(path)
    with pytest.raises(CronsoleError, match=r'no token "other".*deploy'):
        revoke(path, "other")


def test_a_change_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch):
    made(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TokenFault, match="No space left"):
        made(path, "second")
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_lets_nobody_in(path: Path, mode: int):
    secret = made(path)
    path.chmod(mode)
    with pytest.raises(TokenFault, match="is open to others"):
        TokenFile(path).find(secret, AT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_lets_nobody_in(path: Path):
    secret = made(path)
    os.chown(path, 1, 1)
    with pytest.raises(TokenFault, match="belongs to uid 1"):
        TokenFile(path).find(secret, AT)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for somebody else")
def test_what_root_adds_belongs_to_whose_folder_it_is(path: Path):
    os.chown(path.parent, 1, 1)
    made(path)
    assert path.stat().st_uid == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "malformed"),
        ("{", "malformed"),
        ('{"tokens": [{"name": "a"}]}', "malformed"),
        ('{"tokens": [{"name": "a", "hash": "", "created_at": "2026-11-20T00:00:00Z"}]}', "is empty"),
        (
            f'{{"tokens": [{{"name": "a", "hash": "{hash_of("")}", "created_at": "2026-11-20T00:00:00Z"}}]}}',
            "is empty",
        ),
        (
            f'{{"tokens": [{{"name": "a", "hash": "{"0" * 64}", "created_at": "2026-11-20T00:00:00"}}]}}',
            "without an offset",
        ),
    ],
)
def test_a_malformed_file_or_an_empty_token_is_refused(path: Path, text: str, told: str):
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(TokenFault, match=told):
        read_tokens(path)


def test_a_file_that_becomes_unusable_forgets_what_it_held(path: Path):
    secret = made(path)
    file = TokenFile(path)
    assert file.find(secret, AT) is not None
    path.write_text("{")
    for _ in range(2):
        with pytest.raises(TokenFault):
            file.find(secret, AT)
    path.unlink()
    with pytest.raises(TokenFault, match="cronsole token create"):
        file.find(secret, AT)


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda path: path.unlink(), "there is no token file"),
        (lambda path: path.chmod(0o644), "is open to others"),
        (lambda path: revoke(path, "deploy"), "api.listen needs a token"),
        (lambda path: made(path, "odd", role="emperor"), '"emperor" is no role'),
        (lambda path: made(path, "odd", role="", permissions=("rule",)), "'rule' is not a valid Permission"),
        (lambda path: made(path, "idle", role=""), "may do nothing"),
    ],
)
async def test_an_engine_does_not_start_on_tokens_that_let_in_nobody_or_anybody(
    served: Served, prepare: object, told: str
):
    served.token("deploy", role="viewer")
    prepare(served.token_file)  # type: ignore[operator]
    with pytest.raises(CronsoleError, match=told):
        await served.start(listen="127.0.0.1:0")


async def test_a_fault_of_the_file_is_told_to_the_log_once_and_to_nobody_at_the_door(served: Served):
    token = served.token("deploy", role="viewer")
    await served.start()
    served.token_file.chmod(0o644)
    for _ in range(3):
        answer = await served.ask("GET", "/api/v1/engine", token=token)
        assert (answer.status, answer.problem()) == (401, "unauthenticated")
        assert str(served.token_file) not in answer.body.decode()
    assert served.warnings == [
        f"the API lets nobody in by token: the token file {served.token_file} is open to others (mode 0644): "
        f"chmod 600 {served.token_file}"
    ]
    served.token_file.chmod(0o600)
    await served.house.seconds(61)
    assert (await served.ask("GET", "/api/v1/engine", token=token)).status == 200


async def test_a_change_of_the_tokens_is_told_to_the_log(served: Served):
    token = served.token("deploy", role="viewer")
    served.token("old", role="viewer")
    await served.start()
    served.token("new", role="viewer")
    revoke(served.token_file, "old")
    for _ in range(2):
        await served.ask("GET", "/api/v1/engine", token=token)
    assert served.warnings == ["the tokens of the API changed: added new; revoked old"]


async def test_the_actor_of_a_token_is_its_name_and_address(served: Served):
    token = served.token("deploy", role="viewer")
    await served.start()
    assert (await served.ask("GET", "/api/v1/engine", token=token)).json()[
        "actor"
    ] == "token deploy from 127.0.0.1"


async def test_who_guesses_tokens_is_not_listened_to_for_a_minute(served: Served):
    token = served.token("deploy", role="viewer")
    await served.start()
    statuses = [await served.status("GET", "/api/v1/engine", token="guess") for _ in range(10)]
    assert statuses == [401] * 10
    assert served.warnings == [
        "the API is guessed at: too many wrong tokens from 127.0.0.1, which has to wait"
    ]
    answer = await served.ask("GET", "/api/v1/engine", token=token)
    assert (answer.status, answer.problem(), answer.headers["retry-after"]) == (
        429,
        "too-many-attempts",
        "60",
    )
    await served.house.seconds(60)
    assert (await served.ask("GET", "/api/v1/engine", token=token)).status == 200


async def test_an_address_is_counted_by_itself_and_ipv6_by_its_network():
    clock = FakeClock()
    throttle = Throttle(clock, failures=2)
    for address in ("10.0.0.1", "2001:db8::1", "2001:db8::2", "::ffff:10.0.0.2"):
        throttle.note_failure(address)
    assert [throttle.wait_seconds(each) for each in ("10.0.0.1", "10.0.0.2", "2001:db8::99")] == [0, 0, 60]
    await clock.advance(59_500)
    assert throttle.wait_seconds("2001:db8::99") == 1
    await clock.advance(500)
    assert throttle.wait_seconds("2001:db8::99") == 0


def test_what_is_remembered_of_strangers_is_bounded():
    throttle = Throttle(FakeClock(), failures=1)
    for number in range(5_000):
        throttle.note_failure(f"10.0.{number // 256}.{number % 256}")
    assert throttle.wait_seconds("10.0.0.0") == 0
    assert throttle.wait_seconds("10.0.19.135") == 60
