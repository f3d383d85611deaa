"""Offsets that look random and are not: a stable hash, the same on every node and at every restart."""

from hashlib import blake2b

from cronsole.model.instant import SECOND, Instant, Millis


def fraction(seed: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the seed."""
    # A lone surrogate in an id must not stop a schedule from firing.
    digest = blake2b(seed.encode(errors="surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest) / (1 << 48)


def jitter(schedule_id: str, slot: Instant, jitter_ms: Millis) -> Millis:
    """Return how long after its slot a run is due, from 0 to `jitter_ms`, before any clipping."""
    return int(fraction(f"{schedule_id}\0{slot}") * (jitter_ms + 1)) if jitter_ms > 0 else 0


def spread(schedule_id: str, window_ms: Millis) -> Millis:
    """Return the schedule's own place in a window, so that the catch-ups of many are no stampede."""
    return int(fraction(schedule_id) * window_ms) if window_ms > 0 else 0


def spread_window(late_schedules: int) -> Millis:
    """Return over how long the catch-ups of so many schedules are spread."""
    return min(late_schedules * 50, 30 * SECOND) if late_schedules > 1 else 0
