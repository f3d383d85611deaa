import os
import threading

from cronsole.cli.log_stream import LogStream


def test_lines_are_written_in_their_order_before_it_closes() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        log = LogStream(stream)
        for number in range(100):
            log.write(f"line {number}")
        log.close()
    assert os.read(read, 10_000).decode().splitlines() == [f"line {number}" for number in range(100)]
    os.close(read)


def test_a_reader_that_stalls_holds_up_nobody_and_is_told_what_it_missed() -> None:
    read, write = os.pipe()
    received: list[bytes] = []

    def drain() -> None:
        with os.fdopen(read, "rb") as pipe:
            received.append(pipe.read())

    with os.fdopen(write, "w") as stream:
        log = LogStream(stream)
        for number in range(60_000):
            log.write(f"a line that fills the pipe quickly, number {number}")
        reader = threading.Thread(target=drain)
        reader.start()
        log.close(10)
    reader.join(10)
    assert b"lines left out, the log could not be written fast enough" in received[0]


def test_a_reader_that_went_away_is_no_reason_to_stop() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    log = LogStream(stream)
    log.write("into the void")
    log.close()
    try:
        stream.close()
    except BrokenPipeError:
        assert stream.closed
