"""End the processes of a run: TERM, a grace, KILL, until none is left."""

import asyncio
import os
import signal
from collections.abc import Iterable

from cronsole.executors import tree
from cronsole.executors.tree import Census, Mark, Member

# After the first KILL: how long the tree may take to be gone, and how often it is looked at again.
_KILL_WITHIN_S = 1.8
_LOOK_AGAIN_S = 0.2
_FORGET_ABOVE = 1000


class EndRequest:
    """How an ending is wanted; it may be hastened while it goes on."""

    def __init__(self, *, by_force: bool = False) -> None:
        self._by_force = by_force
        self.wake = asyncio.Event()

    def is_forced(self) -> bool:
        return self._by_force

    def hasten(self) -> None:
        self._by_force = True
        self.wake.set()


class Ender:
    """Ends trees; `known` are processes seen as part of a run, so that their remains can be told and reaped."""

    def __init__(self) -> None:
        self.known: dict[int, int] = {}
        self._scanning = asyncio.Lock()
        self._latest: Census | None = None
        self._asked = 0
        self._answers = 0

    async def end(
        self, mark: Mark, session: int, grace_s: float, request: EndRequest, *, signalled_group: int = 0
    ) -> int:
        """End all processes of an attempt and return how many would not end; the group given has its TERM."""
        loop = asyncio.get_running_loop()
        members = await self.members(mark, session)
        if not request.is_forced():
            for fd in tree.open_members(member for member in members if member.group != signalled_group):
                tree.send(fd, signal.SIGTERM)
                tree.send(fd, signal.SIGCONT)
                os.close(fd)
            until = loop.time() + grace_s
            while members and (left_s := until - loop.time()) > 0:
                await _gone(members, left_s, request)
                members = await self.members(mark, session)
                if request.is_forced():
                    break
        until = loop.time() + _KILL_WITHIN_S
        while members and loop.time() < until:
            for fd in tree.open_members(members):
                tree.send(fd, signal.SIGKILL)
                os.close(fd)
            await _gone(members, _LOOK_AGAIN_S, request)
            members = await self.members(mark, session)
        return len(members)

    async def members(self, mark: Mark, session: int) -> list[Member]:
        members = (await self._census()).members(mark, session)
        if len(self.known) > _FORGET_ABOVE:
            self.known = {pid: started for pid, started in self.known.items() if tree.stat(pid) is not None}
        self.known.update((member.pid, member.started) for member in members)
        return members

    async def _census(self) -> Census:
        """Return a census begun after this call; those who ask while another is taken share the next."""
        self._asked += 1
        ticket = self._asked
        async with self._scanning:
            if self._latest is None or self._answers < ticket:
                answers = self._asked
                self._latest = await asyncio.to_thread(tree.take_census)
                self._answers = answers
            return self._latest


async def _gone(members: Iterable[Member], seconds: float, request: EndRequest) -> None:
    """Return when all have ended, the time is over, or the request is hastened."""
    loop = asyncio.get_running_loop()
    fds = set(tree.open_members(members))
    left = set(fds)
    request.wake.clear()

    def note(fd: int) -> None:
        loop.remove_reader(fd)
        left.discard(fd)
        if not left:
            request.wake.set()

    for fd in fds:
        loop.add_reader(fd, note, fd)
    try:
        if fds:
            async with asyncio.timeout(seconds):
                await request.wake.wait()
    except TimeoutError:
        return
    finally:
        for fd in fds:
            loop.remove_reader(fd)
            os.close(fd)
