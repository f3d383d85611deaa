"""What a request may look like: host, origin, path and body."""

import pytest
from tests.api.served import Served
from tests.runtime.house import schedule

ENGINE = "/api/v1/engine"


@pytest.mark.parametrize("host", ["localhost", "localhost:9999", "cronsole", "127.0.0.1", "[::1]:80"])
async def test_the_socket_serves_the_names_of_this_machine(served: Served, host: str):
    await served.start()
    assert (await served.ask("GET", ENGINE, Host=host)).status == 200


@pytest.mark.parametrize("tcp", [False, True])
async def test_another_host_is_refused_on_every_carrier(served: Served, tcp: bool):
    served.token("known", role="admin")
    await served.start()
    answer = await served.ask("GET", ENGINE, tcp=tcp, Host="evil.example.com")
    assert (answer.status, answer.problem()) == (421, "misdirected")


async def test_tcp_serves_its_address_and_the_hosts_of_the_settings(served: Served):
    token = served.token("known", role="viewer")
    await served.start(hosts=("cron.example.com",))
    hosts = (f"127.0.0.1:{served.port}", "localhost", "cron.example.com:8443", "CRON.example.com")
    assert [(await served.ask("GET", ENGINE, token=token, Host=host)).status for host in hosts] == [200] * 4


@pytest.mark.parametrize("host", ["", "a b", "local/host", "localhost:port", "user@localhost"])
async def test_a_malformed_host_is_refused(served: Served, host: str):
    await served.start()
    assert (await served.ask("GET", ENGINE, Host=host)).status == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", "http://localhost:1", "https://localhost"]
)
async def test_a_page_of_another_site_is_refused(served: Served, origin: str):
    await served.start()
    answer = await served.ask("POST", "/api/v1/catalog/reload", Origin=origin)
    assert (answer.status, answer.problem()) == (421, "misdirected")


async def test_a_page_of_our_own_is_served_and_no_cors_header_is_sent(served: Served):
    await served.start()
    answer = await served.ask("GET", ENGINE, Origin="http://localhost:8080", Host="localhost:8080")
    assert answer.status == 200
    assert [name for name in answer.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    "path", ["/%2e%2e/", "/a%5cb", "/a%00", "/a%0a", "/a%zz", "/%ff", "/a//b", "/..", "/a/./b", "/a/", "*"]
)
async def test_a_path_that_can_be_read_in_two_ways_is_refused(served: Served, path: str):
    await served.start()
    assert (await served.ask("GET", path)).status == 400


async def test_an_id_may_hold_what_is_encoded_in_its_segment(served: Served):
    await served.start(schedule("shop/nightly.v2:é", "1h"))
    answer = await served.ask("GET", "/api/v1/schedules/shop%2Fnightly.v2%3A%C3%A9")
    assert answer.json()["schedule"]["id"] == "shop/nightly.v2:é"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_beyond_a_mebibyte_is_refused(served: Served, chunked: bool):
    await served.start(schedule("tick", "1h"))
    body = b'{"payload": "' + b"x" * 1024 * 1024 + b'"}'
    how = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(body))}
    async with served.line() as line:
        await line.send(
            "POST", "/api/v1/schedules/tick/trigger", {"Content-Type": "application/json", **how}, body
        )
        answer = await line.answer()
    assert (answer.status, answer.problem()) == (413, "too-large")


async def test_a_form_of_another_site_is_no_body(served: Served):
    await served.start(schedule("tick", "1h"))
    answer = await served.ask(
        "POST", "/api/v1/schedules/tick/trigger", b'{"payload": 1}', Content_Type="text/plain"
    )
    assert (answer.status, answer.problem()) == (415, "no-json")


async def test_every_answer_keeps_browsers_from_guessing_and_keeping(served: Served):
    await served.start()
    for path in (ENGINE, "/nothing", "/api//v1"):
        headers = (await served.ask("GET", path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["date"].endswith("GMT")
        assert "server" not in headers
