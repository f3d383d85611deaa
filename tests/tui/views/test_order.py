from tests.tui.seen import ago, ahead, brief, failing, paused, running, seen

from cronsole.model.instant import HOUR, MINUTE, SECOND
from cronsole.model.view import ScheduleStatus
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.order import Order, arranged, following

VIEWS = [
    seen("later", next_due=ahead(HOUR)),
    paused("resting"),
    seen("off", status=ScheduleStatus.DISABLED, next_due=None),
    failing("old-trouble", failing_since=ago(HOUR)),
    seen("soon", next_due=ahead(SECOND)),
    running("busy"),
    failing("new-trouble", failing_since=ago(MINUTE)),
    paused("failing-and-paused", failures=1, failing_since=ago(2 * HOUR)),
]
ENTRIES = [Entry("web-1", view) for view in VIEWS]


def names(order: Order, *, is_reversed: bool = False) -> list[str]:
    return [entry.schedule.id for entry in arranged(ENTRIES, order, is_reversed=is_reversed)]


def test_urgency_is_trouble_then_work_then_what_comes_next_and_what_rests_last() -> None:
    assert names(Order.URGENCY) == [
        "new-trouble", "old-trouble", "failing-and-paused", "busy", "soon", "later", "resting", "off",
    ]  # fmt: skip


def test_an_order_can_be_reversed() -> None:
    assert names(Order.NAME, is_reversed=True) == sorted(names(Order.NAME), reverse=True)


def test_what_is_not_due_comes_after_what_is() -> None:
    assert names(Order.NEXT)[0] == "soon"
    assert set(names(Order.NEXT)[-3:]) == {"resting", "off", "failing-and-paused"}


def test_the_last_to_run_comes_first() -> None:
    entries = [
        Entry("h", seen("a", last=brief(ago_ms=HOUR))),
        Entry("h", seen("b", last=brief())),
        Entry("h", seen("c")),
    ]
    assert [entry.schedule.id for entry in arranged(entries, Order.LAST)] == ["b", "a", "c"]


def test_the_orders_go_round_in_a_circle() -> None:
    order = Order.URGENCY
    for _ in Order:
        order = following(order)
    assert order is Order.URGENCY
