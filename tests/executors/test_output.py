import asyncio
import os
import resource
import sys
from pathlib import Path

import pytest
from tests.executors.conftest import MakeJob

from cronsole.executors import output
from cronsole.executors.command import CommandExecutor
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState

KIB = 1024
MIB = 1024 * KIB

# Writes that many bytes from one block, with no newline among them where the block has none.
WRITER = "import os, sys; b = {block}; n = {total}\nwhile n > 0: n -= os.write(1, b[:n])"


def written(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "run.log"
    path.write_bytes(data)
    return str(path)


def test_the_file_is_private_and_its_folders_are_made(tmp_path: Path):
    path = tmp_path / "a" / "b" / "run.log"
    os.close(output.create(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_up_to_four_kib_are_text_and_no_file(tmp_path: Path):
    kept = output.collect(written(tmp_path, b"x" * 4096), MIB)
    assert (kept.text, kept.file, kept.total_bytes) == ("x" * 4096, "", 4096)


def test_what_is_no_text_is_shown_as_replacement(tmp_path: Path):
    assert output.collect(written(tmp_path, b"a\xff\xfeb"), MIB).text == "a\ufffd\ufffdb"


def test_longer_output_stays_a_file_and_its_last_lines_are_text(tmp_path: Path):
    path = written(tmp_path, b"".join(b"line %05d\n" % n for n in range(1000)))
    kept = output.collect(path, MIB)
    assert (kept.file, kept.total_bytes) == (path, 11_000)
    assert kept.text.startswith("line 00")
    assert kept.text.endswith("line 00999\n")
    assert len(kept.text) <= 4096


def test_beyond_the_cap_head_and_tail_stay_with_a_line_between(tmp_path: Path):
    lines = [b"line %05d\n" % n for n in range(10_000)]
    path = written(tmp_path, b"".join(lines))
    kept = output.collect(path, 16 * KIB)
    found = Path(path).read_bytes().splitlines(keepends=True)
    between = next(n for n, line in enumerate(found) if b"left out" in line)
    left_out = 110_000 - 11 * (len(found) - 1)
    assert kept.total_bytes == 110_000
    assert found[between].decode() == f"… {left_out:,} bytes left out …\n"
    assert found[:between] == lines[:between]
    assert found[between + 1 :] == lines[between + 1 - len(found) :]
    assert Path(path).stat().st_size <= 16 * KIB + 50
    assert not Path(f"{path}.part").exists()


def test_a_line_without_an_end_is_cut_where_it_must_be(tmp_path: Path):
    path = written(tmp_path, b"x" * MIB)
    output.collect(path, 16 * KIB)
    head, line, tail = Path(path).read_text().split("\n")
    assert (len(head), len(tail)) == (8192, 8192)
    assert line == f"… {MIB - 16384:,} bytes left out …"


def test_punching_frees_the_middle_and_reading_skips_it(tmp_path: Path):
    path = written(tmp_path, b"h" * MIB + b"m" * 6 * MIB + b"t" * MIB)
    punched_to = output.punch(path, 8 * MIB, 2 * MIB, 0)
    assert punched_to == 7 * MIB
    assert os.stat(path).st_blocks * 512 <= 2 * MIB + 64 * KIB
    head = output.read_log(path, 0, 8 * MIB)
    tail = output.read_log(path, head.next_offset, 8 * MIB)
    assert (head.data, head.left_out) == (b"h" * MIB, 0)
    assert (tail.data, tail.left_out, tail.offset) == (b"t" * MIB, 6 * MIB, 7 * MIB)


def test_a_punched_file_counts_all_that_was_written(tmp_path: Path):
    path = written(tmp_path, b"h" * MIB + b"m" * 6 * MIB + b"t" * MIB)
    output.punch(path, 8 * MIB, 2 * MIB, 0)
    assert output.collect(path, 2 * MIB).total_bytes == 8 * MIB
    found = Path(path).read_bytes()
    assert (found[:MIB], found[-MIB:]) == (b"h" * MIB, b"t" * MIB)
    assert b"6,291,456 bytes left out" in found


def test_reading_beyond_the_end_waits_there(tmp_path: Path):
    path = written(tmp_path, b"abc")
    assert output.read_log(path, 1, 10).data == b"bc"
    assert output.read_log(path, 1, 1).next_offset == 2
    assert output.read_log(path, 3, 10).next_offset == 3


def _read_all(path: str, limit: int, size: int) -> list[output.Excerpt]:
    found: list[output.Excerpt] = []
    offset = 0
    while offset < size and (not found or found[-1].data):
        found.append(output.read_log(path, offset, limit))
        offset = found[-1].next_offset
    return found


_BLOCK = b"x" * 4 * KIB
_CUT_CONTENTS = {
    "lines": b"".join(b"line %05d\n" % n for n in range(10_000)),
    "no newline": b"x" * 100_000,
    "a newline ends the head": b"x" * 8191 + b"\n" + b"y" * 90_000,
    "a newline begins the last block of the head": _BLOCK + b"\n" + b"y" * 90_000,
    "a newline before the last block of the head": b"x" * 4095 + b"\n" + b"y" * 90_000,
    "a newline begins the first block of the tail": b"x" * 91_808 + b"\n" + b"y" * 8_191,
    "it prints such a line where it is cut": b"x" * 8_100 + output.marker(7).encode() * 2_000 + b"y" * 8_100,
    "bytes": bytes(range(256)) * 400,
}


@pytest.mark.parametrize("data", _CUT_CONTENTS.values(), ids=_CUT_CONTENTS)
@pytest.mark.parametrize("limit", [1_000, MIB])
def test_a_cut_file_is_read_as_if_all_of_it_were_there(tmp_path: Path, data: bytes, limit: int):
    path = written(tmp_path, data)
    output.collect(path, 16 * KIB)
    found = _read_all(path, limit, len(data))
    assert all(each.data == data[each.offset : each.next_offset] for each in found)
    assert all(each.size == len(data) for each in found)
    assert sum(each.left_out for each in found) + sum(len(each.data) for each in found) == len(data)
    assert [each.left_out > 0 for each in found].count(True) == 1


def test_a_file_that_was_cut_before_the_engine_died_is_not_cut_again(tmp_path: Path):
    path = written(tmp_path, b"x" * MIB)
    first = output.collect(path, 16 * KIB)
    before = Path(path).read_bytes()
    assert output.collect(path, 16 * KIB) == first
    assert Path(path).read_bytes() == before


def test_a_growing_file_that_holds_such_a_line_is_read_as_it_is(tmp_path: Path):
    data = _BLOCK + output.marker(5_000).encode() + _BLOCK
    path = written(tmp_path, data)
    assert output.read_log(path, 0, MIB) == output.Excerpt(data, 0, 0, len(data))


def test_a_negative_offset_counts_from_the_end(tmp_path: Path):
    path = written(tmp_path, b"x" * MIB + b"end")
    assert output.read_log(path, -3, 10).data == b"end"
    assert output.read_log(path, -2 * MIB, 10).offset == 0
    output.collect(path, 16 * KIB)
    assert output.read_log(path, -3, 10).data == b"end"
    assert output.read_log(path, -3, 10).offset == MIB


def test_short_output_that_is_no_text_stays_a_file(tmp_path: Path):
    path = written(tmp_path, b"a\xff\xfeb")
    assert output.collect(path, MIB).file == path
    assert output.collect(written(tmp_path, "a\ufffdb".encode()), MIB).text == "a\ufffdb"


def test_pieces_end_with_lines_and_hold_all(tmp_path: Path):
    path = written(tmp_path, b"".join(b"line %07d\n" % n for n in range(300_000)))
    pieces = list(output.pieces(path))
    assert len(pieces) > 3
    assert all(piece.endswith("\n") for piece in pieces)
    assert "".join(pieces) == Path(path).read_text()


@pytest.mark.parametrize(
    "block", ["bytes(range(256)) * 4096", "b'x' * 1048576"], ids=["binary", "no newline"]
)
async def test_a_flood_of_output_costs_neither_memory_nor_disk(
    commands: CommandExecutor, make_job: MakeJob, block: str
):
    total = 200 * MIB
    script = WRITER.format(block=block, total=total) + "\nimport time; time.sleep(0.6)"
    job = make_job((sys.executable, "-c", script), limits=Limits(output_bytes=2 * MIB))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    execution = commands.start(job)
    asleep = asyncio.create_task(execution.wait())
    on_disk = 0
    while not asleep.done():
        on_disk = os.stat(job.output_path).st_blocks * 512
        await asyncio.sleep(0.1)
    outcome = await asleep
    assert outcome.state is RunState.SUCCEEDED
    assert outcome.output_bytes == total
    assert on_disk <= 4 * MIB
    assert os.stat(outcome.output_file).st_size <= 2 * MIB + 100
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * KIB < 50 * MIB


async def test_patterns_are_searched_in_head_and_tail_of_long_output(
    commands: CommandExecutor, make_job: MakeJob
):
    text = "echo first; seq 100000; echo last"
    expect = Expect(output_has=("^first$", "^last$"), output_lacks=("^50000$",))
    outcome = await commands.start(make_job(text, expect=expect, limits=Limits(output_bytes=64 * KIB))).wait()
    assert (outcome.state, outcome.detail) == (RunState.SUCCEEDED, "")


async def test_output_that_is_taken_away_is_said_to_be(
    commands: CommandExecutor, make_job: MakeJob, tmp_path: Path
):
    outcome = await commands.start(make_job(f"echo words; rm {tmp_path}/logs/*.log")).wait()
    assert outcome.output == "the output cannot be read: No such file or directory"
