"""The output of runs, read while they write it, after, and across the moment between."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.runtime.house import House, calls, schedule

from cronsole.errors import UnknownRun
from cronsole.model.action import Command
from cronsole.model.event import RunFinished, RunRetryScheduled, RunStarted
from cronsole.model.policy import Limits, Retry
from cronsole.model.view import LogChunk

KIB = 1024


def python(text: str) -> Command:
    return Command((sys.executable, "-c", text))


def gated(tmp_path: Path, before: str, after: str = "") -> Command:
    """A command that writes, waits for its gate to be opened, and goes on."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    return python(f"import sys\n{before}\nsys.stdout.flush()\nopen({str(gate)!r}).read()\n{after}")


def open_gate(tmp_path: Path) -> None:
    (tmp_path / "gate").write_text("go")


async def run_id(house: House) -> str:
    rows = await house.rows("gc")
    return rows[0].run_id


async def read(
    house: House, *, offset: int = 0, limit: int = 65_536, attempt: int | None = None, wait: float = 0.0
) -> LogChunk:
    return await house.engine.facade.log(
        await run_id(house), attempt=attempt, offset=offset, limit=limit, wait_seconds=wait
    )


async def started(house: House, action: Command, **fields: object) -> None:
    await house.start(schedule("gc", "* * * * *", action, **fields))
    await house.seconds(60)
    await house.until(RunStarted)


async def written(house: House, size: int) -> None:
    """Wait until the run has written so much; the process takes its own time."""
    async with asyncio.timeout(20):
        while True:
            chunk = await read(house, offset=size - 1)
            if chunk.data or chunk.left_out:
                return
            await house.settle()


async def ended(house: House) -> None:
    await house.until(RunFinished)
    await house.settle()


async def all_of(house: House, limit: int = 65_536) -> tuple[bytes, list[LogChunk]]:
    chunks: list[LogChunk] = []
    offset = 0
    while not chunks or not chunks[-1].is_complete:
        chunks.append(await read(house, offset=offset, limit=limit))
        offset = chunks[-1].next_offset
    return b"".join(chunk.data for chunk in chunks), chunks


async def test_short_output_is_read_from_the_row(house: House) -> None:
    await started(house, python("print('one'); print('two')"))
    await ended(house)
    chunk = await read(house)
    assert (chunk.data, chunk.next_offset, chunk.is_complete) == (b"one\ntwo\n", 8, True)
    assert (chunk.run_id, chunk.attempt) == (await run_id(house), 1)


async def test_offset_and_limit_cut_a_piece_of_it(house: House) -> None:
    await started(house, python("print('one'); print('two')"))
    await ended(house)
    chunk = await read(house, offset=4, limit=2)
    assert (chunk.data, chunk.offset, chunk.next_offset, chunk.is_complete) == (b"tw", 4, 6, False)
    assert (await read(house, offset=6)).is_complete


async def test_a_negative_offset_counts_from_the_end(house: House) -> None:
    await started(house, python("print('one'); print('two')"))
    await ended(house)
    assert (await read(house, offset=-4)).data == b"two\n"
    assert (await read(house, offset=-400)).data == b"one\ntwo\n"


async def test_a_negative_offset_counts_from_the_end_of_a_file_too(house: House) -> None:
    await started(house, python("print('x' * 9999)"))
    await ended(house)
    chunk = await read(house, offset=-5)
    assert (chunk.data, chunk.offset, chunk.is_complete) == (b"xxxx\n", 9995, True)


async def test_output_is_read_while_it_is_written(house: House, tmp_path: Path) -> None:
    await started(house, gated(tmp_path, "print('one')", "print('two')"))
    await written(house, 4)
    first = await read(house)
    assert (first.data, first.is_complete) == (b"one\n", False)
    open_gate(tmp_path)
    await ended(house)
    rest = await read(house, offset=first.next_offset)
    assert (rest.data, rest.is_complete) == (b"two\n", True)


async def test_an_end_that_the_ledger_does_not_know_yet_loses_nothing(house: House, tmp_path: Path) -> None:
    await started(house, gated(tmp_path, "print('one')", "print('two')"))
    await written(house, 4)
    open_gate(tmp_path)
    async with asyncio.timeout(20):
        while not house.of(RunFinished):
            house.arrived.clear()
            await house.arrived.wait()
    # Its file is there until the row is.
    rest = await read(house, offset=4)
    assert rest.data == b"two\n"


async def test_long_output_is_read_from_its_file_in_pieces(house: House) -> None:
    await started(house, python("for n in range(2000): print(f'line {n:05}')"))
    await ended(house)
    data, chunks = await all_of(house, limit=7_000)
    assert data == b"".join(b"line %05d\n" % n for n in range(2000))
    assert len(chunks) == 4


async def test_what_was_left_out_is_told_once_and_offsets_go_on_counting(house: House) -> None:
    script = "for n in range(20_000): print(f'line {n:05}')"
    await started(house, python(script), limits=Limits(output_bytes=32 * KIB))
    await ended(house)
    lines = [b"line %05d\n" % n for n in range(20_000)]
    data, chunks = await all_of(house, limit=4_096)
    assert sum(chunk.left_out for chunk in chunks) + len(data) == 20_000 * 11
    assert [chunk.left_out > 0 for chunk in chunks].count(True) == 1
    cut = next(position for position, chunk in enumerate(chunks) if chunk.left_out)
    head = b"".join(chunk.data for chunk in chunks[:cut])
    tail = b"".join(chunk.data for chunk in chunks[cut:])
    assert b"".join(lines).startswith(head)
    assert b"".join(lines).endswith(tail)
    assert chunks[cut].offset == len(head) + chunks[cut].left_out


async def test_a_reader_goes_on_across_the_cut_of_the_file_at_the_end(house: House, tmp_path: Path) -> None:
    writes = "for n in range({}, {}): print(f'line {{n:05}}')"
    await started(
        house,
        gated(tmp_path, writes.format(0, 10_000), writes.format(10_000, 20_000)),
        limits=Limits(output_bytes=32 * KIB),
    )
    await written(house, 110_000)
    first = await read(house, limit=50_000)
    assert (len(first.data), first.left_out) == (50_000, 0)
    open_gate(tmp_path)
    await ended(house)
    rest = await read(house, offset=first.next_offset, limit=1 << 20)
    lines = b"".join(b"line %05d\n" % n for n in range(20_000))
    assert rest.left_out > 0
    assert rest.data == lines[50_000 + rest.left_out :]
    assert (rest.next_offset, rest.is_complete) == (220_000, True)


async def test_a_job_that_prints_such_a_line_itself_is_not_taken_for_a_cut_file(house: House) -> None:
    script = "print('x' * 9000); print('… 7,000 bytes left out …'); print('y' * 9000)"
    await started(house, python(script))
    await ended(house)
    data, chunks = await all_of(house)
    assert "… 7,000 bytes left out …\n".encode() in data
    assert all(chunk.left_out == 0 for chunk in chunks)


async def test_output_that_is_no_text_is_kept_byte_for_byte(house: House) -> None:
    await started(house, python("import os; os.write(1, bytes(range(256)))"))
    await ended(house)
    chunk = await read(house)
    assert (chunk.data, chunk.is_complete) == (bytes(range(256)), True)


async def test_each_attempt_has_its_own_output(house: House) -> None:
    script = "import os, sys; print('attempt', os.environ['CRONSOLE_ATTEMPT']); sys.exit(1)"
    await started(house, python(script), retry=Retry(attempts=1, delay_ms=1_000))
    await house.until(RunRetryScheduled)
    assert (await read(house)).data == b"attempt 1\n"
    await house.seconds(3)
    await ended(house)
    assert (await read(house)).data == b"attempt 2\n"
    first = await read(house, attempt=1)
    assert (first.data, first.attempt, first.is_complete) == (b"attempt 1\n", 1, True)


async def test_an_attempt_that_there_was_not_is_unknown(house: House) -> None:
    await started(house, python("print('one')"))
    await ended(house)
    with pytest.raises(UnknownRun, match="no attempt 2"):
        await read(house, attempt=2)
    with pytest.raises(UnknownRun, match="no attempt 0"):
        await read(house, attempt=0)


async def test_a_verdict_without_a_run_has_no_output(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", enabled=False))
    await house.seconds(60)
    chunk = await read(house)
    assert (chunk.data, chunk.is_complete) == (b"", True)


async def test_of_output_whose_file_was_removed_the_end_is_left(house: House) -> None:
    await started(house, python("print('x' * 9999)"))
    await ended(house)
    (row,) = await house.rows("gc")
    Path(row.output_file).unlink()
    chunk = await read(house)
    assert (len(chunk.data), chunk.left_out, chunk.is_complete) == (4_096, 5_904, True)


async def test_who_waits_gets_what_is_written_meanwhile(house: House, tmp_path: Path) -> None:
    await started(house, gated(tmp_path, "print('one')", "print('two')"))
    await written(house, 4)
    waits = asyncio.ensure_future(read(house, offset=4, wait=30))
    await house.settle()
    assert not waits.done()
    open_gate(tmp_path)
    async with asyncio.timeout(20):
        while not waits.done():
            await house.seconds(0.02)
    assert (await waits).data == b"two\n"
    await ended(house)


async def test_who_waits_for_more_learns_of_the_end(house: House, tmp_path: Path) -> None:
    await started(house, gated(tmp_path, "print('one')"))
    await written(house, 4)
    waits = asyncio.ensure_future(read(house, offset=4, wait=3_600))
    await house.settle()
    open_gate(tmp_path)
    await ended(house)
    async with asyncio.timeout(20):
        while not waits.done():
            await house.seconds(0.02)
    assert ((await waits).data, (await waits).is_complete) == (b"", True)


async def test_who_waits_in_vain_gets_nothing_and_goes_on_from_there(house: House) -> None:
    await house.start(schedule("gc", "* * * * *", calls("hold")))
    await house.seconds(61)
    waits = asyncio.ensure_future(read(house, wait=5))
    async with asyncio.timeout(20):
        while not waits.done():
            await house.seconds(1)
    chunk = await waits
    assert (chunk.data, chunk.next_offset, chunk.is_complete) == (b"", 0, False)
