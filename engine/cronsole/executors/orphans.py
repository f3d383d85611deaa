"""What runs leave behind: orphans are ended in the background, and zombies that came to us are reaped.

As a child subreaper the engine becomes the parent of every orphan of its runs, so a look at its own children
finds them. Children that other parts of the process wait for are not touched: a zombie is reaped when it was
seen as part of a run, lies in a run's session, or has been waited for by nobody for a minute.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from cronsole.executors import tree
from cronsole.executors.ending import Ender, EndRequest
from cronsole.executors.libc import is_subreaper
from cronsole.executors.tree import Mark, Stat

_UNCLAIMED_S = 60.0


class _Left(msgspec.Struct):
    """An attempt that has ended, until nothing of it is found; `is_elsewhere` when its orphans are not ours."""

    session: int
    grace_s: float
    is_elsewhere: bool
    is_ending: bool = False
    was_seen: bool = False


class Orphans:
    def __init__(self, ender: Ender, begin: Callable[[Coroutine[Any, Any, None], str], None]) -> None:
        self._ender = ender
        self._begin = begin
        self._sessions: dict[int, Mark] = {}
        self._running: set[Mark] = set()
        self._left: dict[Mark, _Left] = {}
        self._marks: dict[tuple[int, int], Mark | None] = {}
        self._unclaimed: dict[tuple[int, int], float] = {}
        self._is_surveying = False
        self._has_orphans = is_subreaper()

    @property
    def has_left(self) -> bool:
        return bool(self._left)

    @property
    def is_busy(self) -> bool:
        return bool(self._left or self._unclaimed)

    def note_start(self, pid: int, mark: Mark) -> None:
        self._sessions[pid] = mark
        self._running.add(mark)

    def note_end(
        self, pid: int, mark: Mark, grace_s: float, *, is_elsewhere: bool = False, is_ending: bool = False
    ) -> None:
        """The first process of an attempt is gone; what it left is looked for, unless its end is under way."""
        self._sessions.pop(pid, None)
        self._running.discard(mark)
        self._left[mark] = _Left(pid, grace_s, is_elsewhere or not self._has_orphans, is_ending)

    def note_tree_end(self, mark: Mark) -> None:
        """The end of a tree that was under way is over; its zombies are reaped."""
        self.sweep()
        self._left.pop(mark, None)

    def sweep(self, *, is_last: bool = False) -> None:
        """Look at our children once: reap what is dead, begin to end what is left.

        What is seen for the first time may be about to end by itself, as a `tee` is, and has until the next sweep.
        """
        strangers = [pid for pid in tree.own_children() if pid not in self._sessions]
        living: set[Mark | None] = set()
        dead: set[tuple[int, int]] = set()
        marks: dict[tuple[int, int], Mark | None] = {}
        for pid in strangers:
            seen = tree.stat(pid)
            if seen is None:
                continue
            identity = (pid, seen.started)
            if seen.is_zombie:
                dead.add(identity)
                self._reap(seen)
                continue
            mark = marks[identity] = self._mark(identity, seen.session)
            # A mark of an engine that runs us, or of one that we run, is not for us to see to.
            if mark in self._left or mark in self._running:
                self._ender.known[pid] = seen.started
                living.add(mark)
        self._marks = marks
        self._unclaimed = {known: at for known, at in self._unclaimed.items() if known in dead}
        self._settle(living, is_last)

    def _settle(self, living: set[Mark | None], is_last: bool) -> None:
        for mark, left in list(self._left.items()):
            if left.is_ending or left.is_elsewhere:
                continue
            if mark not in living:
                del self._left[mark]
            elif left.was_seen or is_last:
                self._begin_clear(mark, left)
            else:
                left.was_seen = True
        if not self._is_surveying and any(left.is_elsewhere for left in self._left.values()):
            self._is_surveying = True
            self._begin(self._survey(), "look for orphans")

    def _begin_clear(self, mark: Mark, left: _Left) -> None:
        left.is_ending = True
        self._begin(self._clear(mark, left), f"clear {mark[0]}")

    async def _survey(self) -> None:
        """Orphans that went to init are found among all processes of the machine."""
        try:
            for mark, left in list(self._left.items()):
                if left.is_ending or not left.is_elsewhere:
                    continue
                if await self._ender.members(mark, left.session):
                    self._begin_clear(mark, left)
                else:
                    self._left.pop(mark, None)
        finally:
            self._is_surveying = False

    async def _clear(self, mark: Mark, left: _Left) -> None:
        try:
            await self._ender.end(mark, left.session, left.grace_s, EndRequest())
        finally:
            self.note_tree_end(mark)

    def _mark(self, identity: tuple[int, int], session: int) -> Mark | None:
        if identity in self._marks:
            return self._marks[identity]
        return tree.mark_of(identity[0]) or self._mark_of_session(session)

    def _mark_of_session(self, session: int) -> Mark | None:
        if session in self._sessions:
            return self._sessions[session]
        return next((mark for mark, left in self._left.items() if left.session == session), None)

    def _reap(self, seen: Stat) -> None:
        is_known = self._ender.known.get(seen.pid) == seen.started
        if not is_known and self._mark_of_session(seen.session) is None:
            at = asyncio.get_running_loop().time()
            since = self._unclaimed.setdefault((seen.pid, seen.started), at)
            if at - since < _UNCLAIMED_S:
                return
        try:
            os.waitpid(seen.pid, os.WNOHANG)
        except ChildProcessError:
            # Its owner came first.
            return
        finally:
            self._ender.known.pop(seen.pid, None)
            self._unclaimed.pop((seen.pid, seen.started), None)
