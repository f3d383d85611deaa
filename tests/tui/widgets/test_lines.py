from textual.app import App, ComposeResult

from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.widgets.lines import Lines


class _PageApp(App[None]):
    def __init__(self, count: int) -> None:
        super().__init__(ansi_color=True)
        self.page = Lines(_page(count))

    def compose(self) -> ComposeResult:
        yield self.page


def _page(count: int, clock: int = 0) -> tuple[Line, ...]:
    return tuple((Span(f"line {number}", Tone.STRONG), Span(f" {clock}")) for number in range(count))


def _seen(page: Lines) -> list[str]:
    return [page.strip_at(y).text.rstrip() for y in range(page.size.height)]


async def test_a_page_scrolls_by_lines_and_pages_and_stops_at_its_ends():
    app = _PageApp(50)
    async with app.run_test(size=(30, 10)):
        app.page.move(2)
        assert _seen(app.page)[0] == "line 2 0"
        app.page.page(1)
        assert _seen(app.page)[0] == "line 11 0"
        app.page.end()
        assert _seen(app.page)[-1] == "line 49 0"
        app.page.half_page(-1)
        assert _seen(app.page)[-1] == "line 44 0"
        app.page.home()
        app.page.move(-1)
        assert _seen(app.page)[0] == "line 0 0"


async def test_a_page_that_is_made_anew_stays_where_it_was_and_draws_what_differs():
    app = _PageApp(50)
    async with app.run_test(size=(30, 10)) as pilot:
        app.page.move(5)
        await pilot.pause()
        app.page.show(_page(50, clock=1))
        assert _seen(app.page)[0] == "line 5 1"
        assert {region.width for region in app.page._repaint_regions} == {1}
        app.page.show(_page(3), from_top=True)
        await pilot.pause()
        assert _seen(app.page)[:4] == ["line 0 0", "line 1 0", "line 2 0", ""]


async def test_a_page_is_copied_whole():
    app = _PageApp(3)
    async with app.run_test(size=(30, 2)):
        assert app.page.text == "line 0 0\nline 1 0\nline 2 0"
