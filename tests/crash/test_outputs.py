"""Jobs that write far too much, without line ends, and no text: the engine stays small and the others on time."""

import os
import time
from pathlib import Path

import pytest
from tests.crash.checker import check
from tests.crash.fixture import Task, cron, once
from tests.crash.harness import Site
from tests.crash.records import Bounds, read_ledger

CAP_BYTES = 10 * 1024 * 1024
GROWTH_KB = 50 * 1024
ENDS_WITHIN_S = 60.0
MEGABYTES = int(os.environ.get("CRONSOLE_OUTPUT_MB", "200"))
BATTERY_MEGABYTES = 10_000

ON_TIME = cron("on-time", "*", range(60))


def memory_kb(pid: int, name: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith(name)))


def a_flood(text: str) -> Task:
    """Return a task whose output begins and ends with words that must be kept."""
    return once(
        "flood", script=f"echo first words; {text}; echo; echo last words", limits='{output = "10MB"}'
    )


def ended(site: Site) -> bool:
    rows = read_ledger(site.database).rows if site.database.exists() else ()
    return any(row.schedule_id == "flood" and row.state == "succeeded" for row in rows)


def stays_small(site: Site, ends_within_s: float) -> None:
    site.start()
    site.await_event("RunStarted")
    before_kb = memory_kb(site.engine.pid, "VmRSS")
    until = time.monotonic() + ends_within_s
    while not ended(site):
        assert time.monotonic() < until, f"the flood did not end within {ends_within_s} s"
        time.sleep(0.1)
    time.sleep(1.0)
    grown_kb = memory_kb(site.engine.pid, "VmHWM") - before_kb
    site.stop()
    assert grown_kb <= GROWTH_KB
    evidence = site.evidence(bounds=Bounds(late_ms=4_000))
    assert [finding for finding in check(evidence) if finding.schedule_id == "on-time"] == []


FLOODS = {
    "one line of text without an end": "head -c {bytes} /dev/zero | tr '\\0' x",
    "bytes that are no text": "head -c {bytes} /dev/zero",
    "many lines": "yes a line of some text | head -c {bytes}",
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_output_is_capped_and_holds_up_nobody(kind, make_site):
    flood = FLOODS[kind].format(bytes=MEGABYTES * 1_000_000)
    site = make_site((a_flood(flood), ON_TIME))
    stays_small(site, ENDS_WITHIN_S)
    files = [path for path in (site.state / "output").rglob("*.log") if path.stat().st_size > CAP_BYTES // 2]
    assert len(files) == 1
    kept = files[0].read_bytes()
    assert len(kept) <= CAP_BYTES + 4096
    assert kept.startswith(b"first words\n")
    assert kept.endswith(b"last words\n")
    assert "bytes left out" in kept.decode(errors="replace")


def test_noise_and_a_line_of_a_megabyte_are_kept_as_they_are(make_site):
    noise = "head -c 2000000 /dev/urandom; head -c 1000000 /dev/zero | tr '\\0' y"
    site = make_site((a_flood(noise), ON_TIME))
    stays_small(site, ENDS_WITHIN_S)
    (kept,) = (path for path in (site.state / "output").rglob("*.log") if path.stat().st_size > 1_000_000)
    assert kept.stat().st_size == len(b"first words\n") + 3_000_000 + len(b"\nlast words\n")


@pytest.mark.battery
def test_a_flood_of_ten_gigabytes_is_capped_and_holds_up_nobody(make_site):
    flood = FLOODS["bytes that are no text"].format(bytes=BATTERY_MEGABYTES * 1_000_000)
    stays_small(make_site((a_flood(flood), ON_TIME)), 600.0)
