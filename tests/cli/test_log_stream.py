import io
import threading

from cronsole.cli.log_stream import _CAPACITY, LogStream


class Stalled(io.StringIO):
    """A terminal that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waiting = threading.Event()
        self.may_go = threading.Event()

    def write(self, text: str) -> int:
        self.is_waiting.set()
        self.may_go.wait()
        return super().write(text)


def test_lines_are_written_in_their_order_before_it_is_closed():
    stream = io.StringIO()
    log = LogStream(stream)
    for number in range(1000):
        log.write(str(number))
    log.close()
    assert stream.getvalue().split() == [str(number) for number in range(1000)]


def test_a_stalled_terminal_holds_nobody_up_and_is_told_what_it_missed():
    stream = Stalled()
    log = LogStream(stream)
    log.write("first")
    stream.is_waiting.wait()
    for _ in range(_CAPACITY + 7):
        log.write("line")
    stream.may_go.set()
    log.close()
    assert stream.getvalue().endswith("… 7 lines left out, the log could not be written fast enough\n")


def test_a_stream_that_is_gone_ends_the_log_and_not_the_engine():
    stream = io.StringIO()
    stream.close()
    log = LogStream(stream)
    log.write("nobody reads this")
    log.close()
    log.write("nor this")
