import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown
from textual.geometry import Offset

from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.widgets.live_table import LiveTable, RowSource

HEIGHT = 11


class _Rows:
    def __init__(self, keys: list[str]) -> None:
        self.keys = keys
        self.clock = 0
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        return self.keys[index]

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        self.asked.append(index)
        return (Span("*" if is_marked else " "), Span(f"{self.keys[index]} {self.clock}", Tone.GOOD))

    def header(self, width: int) -> Line:
        return (Span("NAME", Tone.FAINT),)


class _Numbers(_Rows):
    """Rows that are not kept anywhere."""

    def __init__(self, count: int) -> None:
        super().__init__([])
        self._count = count

    def __len__(self) -> int:
        return self._count

    def key(self, index: int) -> str:
        return f"row {index}"

    def line(self, index: int, width: int, is_cursor: bool, is_marked: bool) -> Line:
        self.asked.append(index)
        return (Span(self.key(index)),)


class _TableApp(App[None]):
    def __init__(self, rows: RowSource, empty: tuple[Line, ...] = ()) -> None:
        super().__init__(ansi_color=True)
        self.table = LiveTable(rows, empty=empty)
        self.told: list[tuple[str, str | None]] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_live_table_cursor_moved(self, message: LiveTable.CursorMoved) -> None:
        self.told.append(("moved", message.key))

    def on_live_table_row_opened(self, message: LiveTable.RowOpened) -> None:
        self.told.append(("opened", message.key))


def _app(count: int = 50) -> _TableApp:
    return _TableApp(_Rows([f"row {number}" for number in range(count)]))


def _seen(table: LiveTable) -> list[str]:
    return [table.strip_at(y).text.strip() for y in range(table.size.height)]


def _cursor_row(table: LiveTable) -> int | None:
    looks = [
        any(
            (segment.style and segment.style.reverse)
            or (segment.style and segment.style.bgcolor and not segment.style.bgcolor.is_default)
            for segment in table.strip_at(y)
        )
        for y in range(table.size.height)
    ]
    return looks.index(True) if True in looks else None


async def test_the_header_stays_above_the_rows():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        app.table.end()
        await pilot.pause()
        assert _seen(app.table)[0] == "NAME"
        assert _seen(app.table)[-1] == "row 49 0"


async def test_only_visible_rows_are_asked_for():
    rows = _Numbers(100_000)
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        app.table.end()
        await pilot.pause()
        assert set(rows.asked) <= {*range(HEIGHT), *range(100_000 - HEIGHT, 100_000)}


async def test_the_cursor_moves_and_stops_at_the_ends():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)):
        table = app.table
        table.move(3)
        assert table.cursor_key == "row 3"
        table.move(-9)
        assert table.cursor_key == "row 0"
        table.page(1)
        assert table.cursor_key == "row 9"
        table.half_page(1)
        assert table.cursor_key == "row 14"
        table.half_page(-1)
        table.page(-1)
        assert table.cursor_key == "row 0"
        table.end()
        table.move(1)
        assert table.cursor_key == "row 49"
        table.home()
        assert table.cursor_key == "row 0"


async def test_a_step_looks_at_two_rows_and_leaves_the_clocks_of_the_others_to_their_tick():
    rows = _Rows([f"row {number}" for number in range(50)])
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)):
        rows.asked.clear()
        app.table.move(1)
        assert sorted(rows.asked) == [0, 1]


async def test_a_step_that_scrolls_looks_at_each_row_once():
    rows = _Rows([f"row {number}" for number in range(50)])
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        app.table.move(HEIGHT - 2)
        await pilot.pause()
        rows.asked.clear()
        app.table.move(1)
        await pilot.pause()
        assert sorted(rows.asked) == list(range(1, HEIGHT))
        assert _cursor_row(app.table) == HEIGHT - 1


async def test_the_cursor_of_the_terminal_is_not_asked_for_where_nobody_writes():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        app.screen.set_focus(None)
        app.cursor_position = Offset(3, 4)
        app.table.focus()
        await pilot.pause()
        assert app.cursor_position == Offset(0, 0)


async def test_the_cursor_is_always_in_view_and_scrolls_by_as_little_as_it_can():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        for _ in range(10):
            app.table.move(1)
        await pilot.pause()
        assert _seen(app.table)[1] == "row 1 0"
        assert _cursor_row(app.table) == HEIGHT - 1


async def test_the_cursor_goes_where_its_row_goes():
    rows = _Rows([f"row {number}" for number in range(50)])
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        app.table.move(3)
        rows.keys = rows.keys[::-1]
        app.table.show()
        await pilot.pause()
        assert app.table.cursor_key == "row 3"
        assert app.table.cursor_index == 46
        assert "row 3 0" in _seen(app.table)


async def test_the_cursor_stays_at_its_place_when_its_row_is_gone():
    rows = _Rows(["a", "b", "c"])
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        app.table.move(1)
        rows.keys = ["a", "c"]
        app.table.show()
        assert app.table.cursor_key == "c"
        rows.keys = []
        app.table.show()
        rows.keys = ["z"]
        app.table.show()
        await pilot.pause()
        assert app.told == [("moved", "b"), ("moved", "c"), ("moved", None), ("moved", "z")]


async def test_a_table_without_rows_says_what_to_do_next():
    app = _TableApp(_Rows([]), empty=((Span("Nothing here."),), (Span("Press n."),)))
    async with app.run_test(size=(40, HEIGHT)):
        assert _seen(app.table)[:3] == ["NAME", "Nothing here.", "Press n."]
        app.table.move(1)
        app.table.open()
        app.table.toggle_mark()
        assert app.table.cursor_key is None


async def test_a_row_can_be_pointed_at_by_its_key():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        assert app.table.point_at("row 40")
        assert not app.table.point_at("row 50")
        await pilot.pause()
        assert "row 40 0" in _seen(app.table)
        assert app.told == [("moved", "row 40")]


async def test_marks_stay_on_their_rows():
    rows = _Rows(["a", "b", "c"])
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)):
        app.table.toggle_mark()
        rows.keys = ["c", "b", "a"]
        app.table.show()
        assert _seen(app.table)[1:4] == ["c 0", "b 0", "*a 0"]
        app.table.mark_all()
        assert app.table.marks == {"a", "b", "c"}
        app.table.mark_all()
        assert not app.table.marks


async def test_marking_all_keeps_the_marks_of_rows_that_are_filtered_out():
    rows = _Rows(["a", "b", "c"])
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)):
        app.table.toggle_mark()
        rows.keys = ["b"]
        app.table.show()
        app.table.mark_all()
        assert app.table.marks == {"a", "b"}


async def test_a_click_moves_the_cursor_and_a_second_one_opens():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        await pilot.click(LiveTable, offset=(5, 4))
        assert app.told == [("moved", "row 3")]
        await pilot.click(LiveTable, offset=(5, 5), times=2)
        assert app.told[-1] == ("opened", "row 4")


async def test_the_wheel_scrolls_and_the_next_key_brings_the_cursor_back():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        for _ in range(4):
            await pilot._post_mouse_events([MouseScrollDown], LiveTable, offset=(5, 5))
        assert _cursor_row(app.table) is None
        app.table.move(1)
        await pilot.pause()
        assert _cursor_row(app.table) == 1


async def test_a_click_on_the_header_does_nothing():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        await pilot.click(LiveTable, offset=(5, 0))
        assert app.told == []


async def test_a_clock_that_ticks_refreshes_its_cells_alone():
    rows = _Rows(["a", "b"])
    app = _TableApp(rows)
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        await pilot.pause()
        rows.clock = 1
        app.table.refresh_lines()
        assert {(region.x, region.y, region.width) for region in app.table._repaint_regions} == {
            (3, 1, 1),
            (3, 2, 1),
        }


async def test_nothing_is_refreshed_where_nothing_has_changed():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        await pilot.pause()
        app.table.refresh_lines()
        assert not app.table._repaint_regions


async def test_another_theme_draws_all_anew():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        before = app.table.strip_at(2)
        app.theme = "nord"
        await pilot.pause()
        assert app.table.strip_at(2) != before


async def test_what_is_old_is_dimmed():
    app = _app()
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        app.table.is_dimmed = True
        await pilot.pause()
        assert all(
            segment.style and segment.style.dim for segment in app.table.strip_at(2) if segment.text.strip()
        )


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (200, 60)])
async def test_a_table_fits_any_size(size):
    app = _app()
    async with app.run_test(size=size) as pilot:
        app.table.end()
        await pilot.pause()
        assert app.table.cursor_key == "row 49"


async def test_text_that_looks_like_markup_is_text():
    app = _TableApp(_Rows(["[/var/log]", "[bold]x[/bold]"]))
    async with app.run_test(size=(40, HEIGHT)) as pilot:
        await pilot.pause()
        assert _seen(app.table)[1:3] == ["[/var/log] 0", "[bold]x[/bold] 0"]
