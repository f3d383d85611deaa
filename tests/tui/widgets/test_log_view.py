import pytest
from tests.tui.widgets.logs import EndlessLog, MemoryLog
from textual.app import App, ComposeResult

from cronsole.errors import Unreachable
from cronsole_tui.views.line import Span
from cronsole_tui.views.log_window import CAP_BYTES
from cronsole_tui.widgets.log_reader import PAGE_BYTES, ChunkSource
from cronsole_tui.widgets.log_view import LogView

ROWS = 10


class _LogApp(App[None]):
    def __init__(self, source: ChunkSource) -> None:
        super().__init__(ansi_color=True)
        self.view = LogView(source)

    def compose(self) -> ComposeResult:
        yield self.view


class _FailingApp(_LogApp):
    def __init__(self, source: ChunkSource) -> None:
        super().__init__(source)
        self.told: list[str] = []

    def on_log_view_read_failed(self, message: LogView.ReadFailed) -> None:
        self.told.append(str(message.fault))


async def _settled(pilot) -> LogView:
    view = pilot.app.view
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    return view


def _rows(view: LogView) -> list[str]:
    return [view.strip_at(y).text.rstrip() for y in range(view.size.height)]


def _numbered(count: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(count))


async def test_a_log_opens_at_its_end():
    async with _LogApp(MemoryLog(_numbered(100))).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        assert _rows(view) == [f"line {number}" for number in range(90, 100)]
        assert view.is_following


async def test_a_short_log_begins_at_the_top():
    async with _LogApp(MemoryLog(b"one\ntwo\n")).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        assert _rows(view)[:3] == ["one", "two", ""]


async def test_a_log_of_a_terabyte_opens_with_two_pages_read():
    log = EndlessLog(2**34)
    async with _LogApp(log).run_test(size=(80, ROWS)) as pilot:
        view = await _settled(pilot)
        assert _rows(view)[-1] == f"line {2**34 - 1}"
        assert log.bytes_read <= 2 * PAGE_BYTES


async def test_home_and_end_jump_through_a_terabyte_with_a_page_each():
    log = EndlessLog(2**34)
    async with _LogApp(log).run_test(size=(80, ROWS)) as pilot:
        view = await _settled(pilot)
        view.home()
        await _settled(pilot)
        assert _rows(view)[0] == "line 0"
        assert not view.is_following
        view.end()
        await _settled(pilot)
        assert _rows(view)[-1] == f"line {2**34 - 1}"
        assert log.bytes_read <= 4 * PAGE_BYTES


async def test_paging_up_goes_through_every_line_and_memory_stays_bounded():
    async with _LogApp(MemoryLog(_numbered(200_000))).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.move(-150_000)
        await _settled(pilot)
        for _ in range(40):
            view.move(-5_000)
            await _settled(pilot)
        assert _rows(view)[0] == "line 0"
        assert view._reader is not None
        assert view._reader.window.end - view._reader.window.start <= CAP_BYTES + PAGE_BYTES


async def test_paging_down_reads_on():
    async with _LogApp(MemoryLog(_numbered(30_000))).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.home()
        await _settled(pilot)
        for _ in range(10):
            view.move(1_000)
            await _settled(pilot)
        assert _rows(view)[0] == "line 10000"


async def test_a_followed_log_scrolls_with_what_comes():
    log = MemoryLog(_numbered(50), is_complete=False)
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        log.data += b"new\n"
        view.poke()
        await _settled(pilot)
        assert _rows(view)[-1] == "new"
        assert view.new_lines == 0


async def test_a_log_that_is_read_higher_up_stays_and_counts_what_comes():
    log = MemoryLog(_numbered(50), is_complete=False)
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.move(-3)
        before = _rows(view)
        log.data += b"new\n" * 37
        view.poke()
        await _settled(pilot)
        assert _rows(view) == before
        assert view.new_lines == 37
        view.end()
        await _settled(pilot)
        assert view.new_lines == 0
        assert view.is_following


async def test_what_is_there_already_is_no_news():
    log = MemoryLog(_numbered(100_000), is_complete=False)
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.show(log, at_start=True)
        await _settled(pilot)
        view.poke()
        await _settled(pilot)
        assert view.new_lines == 0
        log.data += b"new\n"
        view.poke()
        await _settled(pilot)
        assert view.new_lines == 1
        assert _rows(view)[0] == "line 0"


async def test_a_log_that_grows_faster_than_it_is_read_is_followed_at_its_end():
    log = MemoryLog(_numbered(50), is_complete=False)
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        read = log.bytes_read
        log.data += _numbered(1_000_000)
        view.poke()
        await _settled(pilot)
        assert _rows(view)[-1] == "line 999999"
        assert log.bytes_read - read <= 3 * PAGE_BYTES


async def test_a_log_that_is_complete_is_not_read_again():
    log = MemoryLog(_numbered(50))
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        read = len(log.reads)
        view.poke()
        await _settled(pilot)
        assert view.is_complete
        assert len(log.reads) == read


async def test_moving_down_to_the_bottom_follows_again():
    log = MemoryLog(_numbered(50), is_complete=False)
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.move(-3)
        assert not view.is_following
        view.move(3)
        assert view.is_following


async def test_a_line_that_grows_is_one_line():
    log = MemoryLog(b"one\nhal", is_complete=False)
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        log.data += b"f\x1b[3"
        view.poke()
        await _settled(pilot)
        log.data += b"1m and half\n"
        view.poke()
        await _settled(pilot)
        assert _rows(view)[:3] == ["one", "half and half", ""]


async def test_what_was_left_out_is_one_line_that_says_how_much():
    head, tail = b"head\n" * 3, b"tail\n" * 3
    log = MemoryLog(head + bytes(1_000_000) + tail, hole=(len(head), len(head) + 1_000_000))
    async with _LogApp(log).run_test(size=(60, ROWS)) as pilot:
        view = await _settled(pilot)
        told = "… 1,000,000 bytes left out …"
        assert _rows(view)[:7] == ["head", "head", "head", told, "tail", "tail", "tail"]


async def test_a_hole_is_told_from_above_too():
    head, tail = _numbered(30_000), b"tail\n" * 30
    log = MemoryLog(head + bytes(9_000_000) + tail, hole=(len(head), len(head) + 9_000_000))
    async with _LogApp(log).run_test(size=(60, ROWS)) as pilot:
        view = await _settled(pilot)
        view.move(-25)
        await _settled(pilot)
        assert _rows(view)[:6] == [
            *(f"line {n}" for n in range(29_996, 30_000)),
            "… 9,000,000 bytes left out …",
            "tail",
        ]


async def test_a_long_line_is_cut_and_wraps_on_demand():
    async with _LogApp(MemoryLog(b"x" * 100 + b"\nend\n")).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        assert _rows(view)[:2] == ["x" * 30 + " … w wraps", "end"]
        view.toggle_wrap()
        assert _rows(view)[:4] == ["x" * 40, "x" * 40, "x" * 20, "end"]


async def test_a_line_of_a_megabyte_can_be_read_to_its_end():
    log = MemoryLog(b"start " + b"x" * 1_000_000 + b" finish\nafter\n")
    async with _LogApp(log).run_test(size=(100, ROWS)) as pilot:
        view = await _settled(pilot)
        view.home()
        await _settled(pilot)
        assert _rows(view)[0].endswith("… w wraps")
        view.toggle_wrap()
        view.end()
        await _settled(pilot)
        assert _rows(view)[-1] == "after"
        assert _rows(view)[-2].endswith("finish")


async def test_find_goes_to_the_next_line_and_back():
    async with _LogApp(MemoryLog(_numbered(50_000))).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.home()
        await _settled(pilot)
        view.find("line 4777")
        await _settled(pilot)
        assert "line 4777" in _rows(view)
        view.find_next()
        await _settled(pilot)
        assert "line 47770" in _rows(view)
        view.find_next(backwards=True)
        await _settled(pilot)
        assert "line 4777" in _rows(view)
        assert not view.is_finding


async def test_find_minds_capitals_where_the_text_has_one():
    async with _LogApp(MemoryLog(_numbered(100))).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.find("Line 7", backwards=True)
        await _settled(pilot)
        assert _rows(view)[-1] == "line 99"
        view.find("line 7", backwards=True)
        await _settled(pilot)
        assert "line 79" in _rows(view)


async def test_a_read_that_fails_is_told_and_what_is_held_stays():
    log = MemoryLog(_numbered(50), is_complete=False)
    app = _FailingApp(log)
    async with app.run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        log.fault = Unreachable("the engine is gone")
        view.poke()
        await _settled(pilot)
        assert app.told == ["the engine is gone"]
        assert _rows(view)[-1] == "line 49"


async def test_find_backwards_crosses_pages():
    async with _LogApp(MemoryLog(_numbered(50_000))).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.find("line 123", backwards=True)
        await _settled(pilot)
        assert "line 12399" in _rows(view)
        view.find_next(backwards=True)
        await _settled(pilot)
        assert "line 12398" in _rows(view)
        view.find_next()
        await _settled(pilot)
        assert view._found == _numbered(50_000).index(b"line 12399")


async def test_find_sees_through_colours():
    log = MemoryLog(_numbered(100) + b"a \x1b[31mneed\x1b[0mle\n" + _numbered(100))
    async with _LogApp(log).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.home()
        await _settled(pilot)
        view.find("needle")
        await _settled(pilot)
        row = _rows(view).index("a needle")
        marked = [segment.text for segment in view.strip_at(row) if segment.style and segment.style.reverse]
        found = [segment.text for segment in view.strip_at(row) if segment.style and segment.style.bgcolor]
        assert "".join(marked or found) == "needle"


async def test_a_search_can_be_cancelled():
    log = EndlessLog(2**34)
    async with _LogApp(log).run_test(size=(80, ROWS)) as pilot:
        view = await _settled(pilot)
        view.home()
        await _settled(pilot)
        view.find("not there")
        await pilot.pause()
        view.cancel_find()
        await _settled(pilot)
        assert not view.is_finding
        assert _rows(view)[0] == "line 0"


async def test_what_is_copied_is_what_was_written():
    raw = b"a\x1b[31mred\x1b[0m\x1b]52;c;eA==\x07\r\n\xff\n"
    async with _LogApp(MemoryLog(raw)).run_test(size=(60, ROWS)) as pilot:
        view = await _settled(pilot)
        assert view.shown_bytes() == raw
        assert view.shown_text() == "ared\\x1b]52;c;eA==\\x07\n\\xff"


async def test_what_stands_beside_a_line_is_not_repeated_when_it_wraps():
    async with _LogApp(MemoryLog(b"x" * 50 + b"\n")).run_test(size=(40, ROWS)) as pilot:
        view = await _settled(pilot)
        view.beside = lambda offset: Span(f"{offset}> ")
        view.toggle_wrap()
        assert _rows(view)[:2] == ["0> " + "x" * 37, "   " + "x" * 13]


@pytest.mark.parametrize("width", [3, 20, 200])
async def test_a_log_fits_any_width(width):
    log = MemoryLog("世界\tx\n".encode() * 20 + bytes(range(256)))
    async with _LogApp(log).run_test(size=(width, ROWS)) as pilot:
        view = await _settled(pilot)
        view.toggle_wrap()
        assert all(view.strip_at(y).cell_length == width for y in range(ROWS))
