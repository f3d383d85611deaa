import pytest
from tests.tui.seen import brief, failing, paused, running, seen

from cronsole_tui.views.entry import Entry
from cronsole_tui.views.query import read

ENTRIES = [
    Entry("web-1", failing("db/backup", tags=("db", "nightly"))),
    Entry("web-1", running("db/vacuum", tags=("db",))),
    Entry("web-2", paused("mail/poll", description="Fetch the post")),
    Entry("web-2", seen("gc", last=brief())),
]


def names(text: str) -> list[str]:
    return [entry.schedule.id for entry in read(text).select(ENTRIES)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["db/backup", "db/vacuum", "mail/poll", "gc"]),
        ("db", ["db/backup", "db/vacuum"]),
        ("DB vac", ["db/vacuum"]),
        ("post", ["mail/poll"]),
        ("!db", ["mail/poll", "gc"]),
        ("state:failed", ["db/backup"]),
        ("state:failed tag:db", ["db/backup"]),
        ("#nightly", ["db/backup"]),
        ("!#nightly #db", ["db/vacuum"]),
        ("!state:paused tag:db", ["db/backup", "db/vacuum"]),
        ("state:ok", ["gc"]),
        ("state:never", ["db/vacuum", "mail/poll"]),
        ("host:web-2", ["mail/poll", "gc"]),
        ("source:file gc", ["gc"]),
        ('"fetch the"', ["mail/poll"]),
        ('"fetch th', ["mail/poll"]),
        ("state:", ["db/backup", "db/vacuum", "mail/poll", "gc"]),
    ],
)
def test_a_filter_keeps_what_matches_all_of_its_terms(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_an_unknown_key_is_told_with_the_nearest_one() -> None:
    assert read("stat:failed").problem == "no key is called stat; state: is"


def test_an_unknown_state_is_told_and_hides_nothing() -> None:
    query = read("state:faild")
    assert query.problem == "no state is called faild; failed is"
    assert len(query.select(ENTRIES)) == len(ENTRIES)


def test_an_id_with_a_colon_and_a_slash_is_a_word() -> None:
    assert read("a/b:c").terms[0].value == "a/b:c"
