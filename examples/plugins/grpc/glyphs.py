"""A plugin over gRPC: every `*.json` file of a folder is a glyph that is polled for as long as the file is there.

A person who writes, changes or removes such a file makes, pauses, moves or deletes a schedule while everything runs:

    {"url": "https://example.com/data.json", "every": 60, "paused": false}

It speaks by the code that gRPC makes of the .proto files that come with cronsole; other languages take them as well.
"""

# ruff: noqa: N802 - the names of the methods are those of the service

import argparse
import json
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import grpc

FOUND = find_spec("cronsole")
if FOUND is None or FOUND.origin is None:
    sys.exit("cronsole is not installed for this Python; the .proto files come with it")
sys.path.insert(0, str(Path(FOUND.origin).parent / "dialects" / "pulse"))
domain, domain_services = grpc.protos_and_services("domain.proto")
schedule, schedule_services = grpc.protos_and_services("schedule.proto")


class Glyphs(domain_services.DomainPluginServiceServicer):
    """`glyphs.look` is announced and finds files; `glyphs.poll` is what each file's own schedule calls."""

    def __init__(self):
        self.lock = threading.Lock()

    def Metadata(self, request, context):
        return domain.MetadataResponse(name="glyphs", version="1.0.0")

    def Initialize(self, request, context):
        """Called at each start of the engine, and after each of our own; what we keep is in the folder."""
        self.folder = Path(request.config["folder"])
        self.folder.mkdir(exist_ok=True)
        self.known_file = self.folder / ".schedules"
        self.token = request.auth_token
        self.schedules = schedule_services.ScheduleServiceStub(
            grpc.insecure_channel(request.schedule_endpoint)
        )
        look = domain.ScheduleInfo(
            handler_name="glyphs.look",
            interval_seconds=int(request.config.get("look_every", "10")),
            enabled_by_default=True,
            description="finds glyphs that came, changed or went",
        )
        return domain.InitializeResponse(handler_names=["glyphs.look", "glyphs.poll"], schedules=[look])

    def ExecuteJob(self, request, context):
        lines = []
        try:
            if request.handler_name == "glyphs.look":
                with self.lock:
                    result = self.look(lines)
            else:
                result = self.poll(json.loads(request.payload), lines)
        except (OSError, ValueError) as fault:
            return domain.ExecuteJobResponse(error=str(fault), log_entries=lines)
        return domain.ExecuteJobResponse(success=True, result=json.dumps(result).encode(), log_entries=lines)

    def look(self, lines):
        """Bring the schedules in step with the files; return how many there are."""
        known = json.loads(self.known_file.read_text()) if self.known_file.exists() else {}
        wanted = {path.name: json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))}
        for name in known.keys() - wanted.keys():
            self.delete(known.pop(name)["id"])
            lines.append(line(f"{name} went"))
        for name, glyph in wanted.items():
            before = known.get(name)
            if before is not None and (before["url"], before["every"]) != (glyph["url"], glyph["every"]):
                self.delete(before["id"])
                before = None
            if before is None:
                known[name] = {"id": self.create(name, glyph), "url": glyph["url"], "every": glyph["every"]}
                lines.append(line(f"{name} is polled every {glyph['every']}s"))
            self.pause_or_resume(known[name]["id"], glyph.get("paused", False), lines)
        # At once or not at all: whoever kills us midway leaves what was known before.
        part = self.known_file.with_suffix(".part")
        part.write_text(json.dumps(known))
        part.replace(self.known_file)
        return {"glyphs": len(known)}

    def poll(self, payload, lines):
        with urllib.request.urlopen(payload["url"], timeout=30) as answer:
            content = answer.read()
        lines.append(
            line(f"{payload['glyph']}: {len(content)} bytes, new since {payload.get('since', 'ever')}")
        )
        return {"bytes": len(content)}

    def create(self, name, glyph):
        payload = {"glyph": name, "url": glyph["url"], "since": "last_run"}
        return self.ask(
            "CreateSchedule",
            handler_name="glyphs.poll",
            interval_seconds=glyph["every"],
            payload=json.dumps(payload).encode(),
            metadata={"glyph_id": name},
        ).schedule_id

    def pause_or_resume(self, schedule_id, paused, lines):
        state = self.ask("GetSchedule", schedule_id=schedule_id).job.state
        if paused and state == "active":
            self.ask("PauseSchedule", schedule_id=schedule_id)
            lines.append(line(f"{schedule_id} is paused"))
        elif not paused and state == "paused":
            self.ask("ResumeSchedule", schedule_id=schedule_id)
            lines.append(line(f"{schedule_id} goes on"))

    def delete(self, schedule_id):
        self.ask("DeleteSchedule", schedule_id=schedule_id)

    def ask(self, method, **fields):
        """Call the engine; what goes wrong stands in the answer."""
        request = getattr(schedule, f"{method}Request")(auth_token=self.token, **fields)
        answer = getattr(self.schedules, method)(request)
        if not answer.success:
            raise ValueError(answer.error)
        return answer


def line(message):
    return domain.JobLogEntry(timestamp=datetime.now(UTC).isoformat(), level="info", message=message)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", required=True, help="given by the engine")
    server = grpc.server(ThreadPoolExecutor(8))
    domain_services.add_DomainPluginServiceServicer_to_server(Glyphs(), server)
    server.add_insecure_port(f"127.0.0.1:{arguments.parse_args().port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
