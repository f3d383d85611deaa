"""A disk without room: nothing of a batch is written, and the next commit after it is freed is."""

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import asyncio, resource, sys
from pathlib import Path
from tests.contract.ledger_rows import claim, defined
from cronsole.errors import StoreUnavailable
from cronsole.store.base import Batch
from cronsole.store.sqlite import SqliteLedger

def allow(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

async def main():
    path = Path(sys.argv[1])
    ledger = SqliteLedger(path)
    await ledger.open()
    await ledger.commit(Batch(states=[defined()], claims=[claim(1)]))
    allow(path.with_name("ledger.db-wal").stat().st_size + 9000)
    big = Batch(claims=[claim(n, schedule_id=f"s{n}", payload="x" * 3000) for n in range(2, 60)])
    for _ in range(3):
        try:
            await ledger.commit(big)
        except StoreUnavailable as error:
            print("refused", len(await ledger.unfinished_runs()))
    allow(resource.RLIM_INFINITY)
    print("granted", not (await ledger.commit(big)).refused)
    await ledger.close()
    again = SqliteLedger(path)
    await again.open()
    print("kept", len(await again.unfinished_runs()))
    await again.close()

asyncio.run(main())
"""


def test_a_full_disk_starts_nothing_and_heals_when_it_is_freed(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "ledger.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["refused 1"] * 3 + ["granted True", "kept 59"], done.stderr
