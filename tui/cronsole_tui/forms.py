"""The verbs that ask for more than a yes: a payload, a reason, an end, a range, a definition."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from cronsole.errors import CronsoleError
from cronsole.model.ask import BackfillAsk, PauseAsk, ResumeAsk, TriggerAsk
from cronsole.model.instant import to_datetime
from cronsole.model.schedule import SourceKind
from cronsole.model.view import ScheduleStatus
from cronsole.text import plural, safe
from cronsole_tui.definition import FIELDS, definition_of, values_of
from cronsole_tui.screens.form import Field, FormScreen, Values
from cronsole_tui.screens.log import outside
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.exits import left_with

if TYPE_CHECKING:
    from cronsole_tui.app import Console
    from cronsole_tui.verbs import Verbs

_WHEN = "06:00, tomorrow 06:00, 2h, or 2026-11-20T06:00"


class Forms:
    """Each opens a form, and starts the verb with what was filled in."""

    def __init__(self, app: "Console", verbs: "Verbs") -> None:
        self._app = app
        self._scene = app.scene
        self._verbs = verbs

    def trigger_with(self, entries: Sequence[Entry]) -> None:
        fields = (
            Field("payload", "payload", "JSON, handed to the run"),
            Field("at", "at", f"now, or {_WHEN}"),
            Field("gated", "gates", "yes: closed gates refuse it; no: it passes them by", "no"),
        )

        def ask_of(values: Values) -> TriggerAsk:
            at = self._moment(values["at"])
            payload = msgspec.json.decode(values["payload"].encode()) if values["payload"] else None
            return TriggerAsk(
                payload=payload, at=None if at is None else to_datetime(at), is_gated=_truth(values["gated"])
            )

        async def work() -> None:
            values = await self._filled("Start a run", entries, fields, ask_of)
            if values is not None:
                for entry in entries:
                    await self._scene.client(entry.host).trigger(entry.schedule.id, ask_of(values))
                self._app.tell(f"Started {_named(entries)}.")

        self._verbs.start(work, "trigger with")

    def pause_with(self, entries: Sequence[Entry]) -> None:
        """Pause with an end and a reason; resume, with or without catch-up, where all of them are paused."""
        if all(entry.schedule.status is ScheduleStatus.PAUSED for entry in entries):
            self._resume_with(entries)
            return
        fields = (
            Field("until", "until", f"for ever, or {_WHEN}"),
            Field("reason", "reason", "who reads this will want to know"),
        )

        def ask_of(values: Values) -> PauseAsk:
            until = self._moment(values["until"])
            return PauseAsk(until=None if until is None else to_datetime(until), reason=values["reason"])

        async def work() -> None:
            values = await self._filled("Pause", entries, fields, ask_of)
            if values is not None:
                self._verbs.pause(entries, ask_of(values), asks_first=len(entries) > 1)

        self._verbs.start(work, "pause with")

    def _resume_with(self, entries: Sequence[Entry]) -> None:
        fields = (Field("catch_up", "catch up", "yes: the policy decides about what was skipped", "yes"),)

        async def work() -> None:
            values = await self._filled("Resume", entries, fields, lambda each: _truth(each["catch_up"]))
            if values is not None:
                self._verbs.resume(entries, ResumeAsk(catch_up=_truth(values["catch_up"])))

        self._verbs.start(work, "resume with")

    def backfill(self, entries: Sequence[Entry]) -> None:
        """Ask for a range, say how many fires it holds, then start."""
        fields = (
            Field("since", "since", "yesterday 06:00, 3h, or 2026-11-20T06:00"),
            Field("until", "until", "now, or a time like the one above", "now"),
        )

        def ask_of(values: Values) -> BackfillAsk:
            since, until = (self._moment(values[name], is_past=True) for name in ("since", "until"))
            if since is None:
                raise ValueError("since when?")
            return BackfillAsk(since=to_datetime(since), until=to_datetime(until or self._scene.now()))

        async def work() -> None:
            values = await self._filled("Backfill", entries, fields, ask_of)
            if values is not None:
                await self._backfill(entries, ask_of(values))

        self._verbs.start(work, "backfill")

    async def _backfill(self, entries: Sequence[Entry], ask: BackfillAsk) -> None:
        preview = msgspec.structs.replace(ask, preview=True)
        slots: list[tuple[Entry, int]] = []
        for entry in entries:
            seen = await self._scene.client(entry.host).backfill(entry.schedule.id, preview)
            if seen.slots:
                slots.append((entry, seen.slots))
        count = sum(each for _, each in slots)
        if not count:
            self._app.tell("No slot lies in that range.")
            return
        told = [f"{entry.schedule.id}: {each:,}" for entry, each in slots] if len(entries) > 1 else []
        question = f"Run {plural(count, 'slot')} of {_named(entries)}, one after another?"
        if await self._verbs.agrees(question, told):
            for entry, _ in slots:
                await self._scene.client(entry.host).backfill(entry.schedule.id, ask)
            self._app.tell(f"Queued {plural(count, 'run')}.")

    def new(self) -> None:
        """Make a schedule on the first host."""

        async def work() -> None:
            values = await self._filled("A new schedule", (), FIELDS, lambda each: definition_of(each, {}))
            if values is not None:
                client = self._scene.client(self._scene.first_host)
                detail = await client.save(definition_of(values, {}))
                self._app.tell(f"Made {detail.schedule.id}: {detail.schedule.when}.")

        self._verbs.start(work, "new")

    def edit(self, entry: Entry) -> None:
        """A form for a runtime schedule; $EDITOR for that of a file, and then the plan."""
        if entry.schedule.source is SourceKind.FILE:
            self._edit_file(entry)
            return

        async def work() -> None:
            client = self._scene.client(entry.host)
            detail = await client.schedule(entry.schedule.id)
            before = detail.definition
            fields = [field._replace(value=value) for field, value in values_of(before)]
            values = await self._filled("Edit", [entry], fields, lambda each: definition_of(each, before))
            if values is not None:
                definition: Mapping[str, Any] = definition_of(values, before)
                await client.save(definition, schedule_id=entry.schedule.id, etag=detail.schedule.etag)
                self._app.tell(f"Saved {safe(entry.schedule.id)}.")

        self._verbs.start(work, "edit")

    def _edit_file(self, entry: Entry) -> None:
        async def work() -> None:
            self._open_editor(entry)

        self._verbs.start(work, "edit file")

    def _open_editor(self, entry: Entry) -> None:
        path, _, line = entry.schedule.origin.rpartition(":")
        engine = self._scene.fleet.host(entry.host).engine
        path = os.path.join(engine.cwd if engine else "", path)
        if not os.path.exists(path):
            self._app.tell(f"{path} is not on this machine; edit it where {entry.host} runs.", is_bad=True)
            return
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        with outside(self._app):
            try:
                done = subprocess.run([*editor, f"+{line}", path], check=False)
            except OSError as error:
                self._app.tell(f"{editor[0]} cannot be started: {error.strerror}", is_bad=True)
                return
        if done.returncode:
            told = (
                f"{editor[0]} has failed, {left_with(done.returncode)}. R shows what a reload would change."
            )
            self._app.tell(told, is_bad=True)
            return
        self._verbs.reload()

    async def _filled(
        self, title: str, entries: Sequence[Entry], fields: Sequence[Field], read: Any
    ) -> Values | None:
        """Return the values once they can be read; the form says what is wrong with them until then."""

        def fault_of(values: Values) -> str:
            try:
                read(values)
            except (CronsoleError, ValueError, msgspec.DecodeError) as error:
                return str(error)
            return ""

        told = f"{title}: {_named(entries)}" if entries else title
        return await self._app.push_screen_wait(FormScreen(told, fields, fault_of=fault_of))

    def _moment(self, text: str, *, is_past: bool = False) -> int | None:
        # It brings the grammar of cron expressions, a twentieth of the console's start.
        from cronsole.triggers.moments import Toward, parse_moment

        if not text:
            return None
        zone = getattr(self._scene.zone, "key", "UTC")
        toward = Toward.PAST if is_past else Toward.FUTURE
        return parse_moment(text, now=self._scene.now(), timezone=zone, toward=toward)


def _truth(text: str) -> bool:
    if text.lower() not in ("yes", "y", "true", "no", "n", "false", ""):
        raise ValueError(f"{text!r} is neither yes nor no")
    return text.lower() in ("yes", "y", "true")


def _named(entries: Sequence[Entry]) -> str:
    return safe(entries[0].schedule.id) if len(entries) == 1 else plural(len(entries), "schedule")
