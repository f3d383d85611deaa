"""The timeline asks for all schedules together, and says where it shows less than there is."""

import pytest

from cronsole.cli import timeline
from cronsole.cli.timeline import MOST_FIRES, _Forecast
from cronsole.model.ask import ForecastQuery
from cronsole.model.instant import HOUR, MINUTE, SECOND, Instant, from_datetime, from_iso, to_datetime
from cronsole.model.prospect import ForecastView, PlannedFire

START = from_iso("2026-11-20T00:00:00Z")


class Engine:
    """Answers as an engine does whose schedules fire again and again after a span."""

    def __init__(self, **spans: int) -> None:
        self._fires = sorted(
            (at, name) for name, span in spans.items() for at in range(START, START + 24 * HOUR, span)
        )
        self.asked: list[ForecastQuery] = []

    async def forecast(self, query: ForecastQuery) -> ForecastView:
        self.asked.append(query)
        assert query.since is not None
        since, until = from_datetime(query.since), from_datetime(query.until)
        found = [
            (at, name)
            for at, name in self._fires
            if since < at <= until and (not query.ids or name in query.ids)
        ]
        shown = found[: query.limit]
        return ForecastView(
            since=query.since,
            until=to_datetime(shown[-1][0]) if len(shown) < len(found) else query.until,
            fires=tuple(
                PlannedFire(schedule_id=name, slot=to_datetime(at), due=to_datetime(at)) for at, name in shown
            ),
            is_cut=len(shown) < len(found),
        )


async def asked(engine: Engine, *names: str, end: Instant = START + 24 * HOUR) -> _Forecast:
    found = _Forecast(names, START, end)
    await found.read(engine)  # type: ignore[arg-type] # it answers the one question that is asked
    return found


async def test_the_fires_of_all_schedules_are_one_question() -> None:
    engine = Engine(a=HOUR, b=MINUTE, other=HOUR)
    found = await asked(engine, "a", "b", "never")
    assert len(engine.asked) == 1
    assert [(each.schedule_id, len(each.fires)) for each in found.coming()] == [("a", 24), ("b", 1000)]


async def test_a_window_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    found = await asked(Engine(a=HOUR), "a", end=START + 2 * HOUR)
    assert [from_datetime(fire.due) for fire in found.coming()[0].fires] == [START, START + HOUR]


async def test_whoever_fires_too_often_is_full_and_keeps_no_other_from_being_shown() -> None:
    engine = Engine(a=HOUR, busy=SECOND)
    found = await asked(engine, "a", "busy")
    rows = found.rows()
    assert (len(rows["a"][0]), rows["a"][1]) == (24, False)
    assert (len(rows["busy"][0]), rows["busy"][1]) == (MOST_FIRES, True)
    assert found.until == START + 24 * HOUR
    assert [each.is_cut for each in found.coming()] == [False, True]
    assert len(engine.asked) == 2


async def test_no_fire_is_told_twice_where_one_page_goes_on_after_another() -> None:
    engine = Engine(**{f"s{number}": 10 * MINUTE for number in range(100)})
    found = await asked(engine, *(f"s{number}" for number in range(100)))
    assert len(engine.asked) == 3
    assert {len(each.fires) for each in found.coming()} == {144}


async def test_more_than_can_be_shown_ends_the_window_where_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline, "_MOST_PAGES", 1)
    found = await asked(
        Engine(**{f"s{number}": 10 * MINUTE for number in range(100)}), *(f"s{n}" for n in range(100))
    )
    assert found.until == START + 8 * HOUR + 10 * MINUTE
    assert all(each.is_cut for each in found.coming())
