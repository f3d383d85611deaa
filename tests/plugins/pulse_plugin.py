"""A plugin as that other system has them: it speaks by generated code, knows nothing of us, and does as payloads say.

python pulse_plugin.py --code FOLDER --folder FOLDER [--address unix:/path] --port N
"""

# mypy: disable-error-code="misc, no-untyped-call"
# ruff: noqa: E402, N802, T201 - it finds the generated code by its arguments; the names are those of the service

import argparse
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

ARGUMENTS = argparse.ArgumentParser()
ARGUMENTS.add_argument("--code", required=True)
ARGUMENTS.add_argument("--folder", type=Path, required=True)
ARGUMENTS.add_argument("--address")
ARGUMENTS.add_argument("--port", default="0")
GIVEN = ARGUMENTS.parse_args()
sys.path.insert(0, GIVEN.code)

import domain_pb2
import domain_pb2_grpc
import schedule_pb2
import schedule_pb2_grpc


class Plugin(domain_pb2_grpc.DomainPluginServiceServicer):
    def __init__(self):
        self.token = ""
        self.schedules = None

    def Metadata(self, request, context):
        return domain_pb2.MetadataResponse(name="glyphs", version="0.2.14")

    def Health(self, request, context):
        said = self.script().get("health", "")
        return domain_pb2.HealthResponse(healthy=not said, message=said)

    def Shutdown(self, request, context):
        self.note("shutdown")
        return domain_pb2.Empty()

    def Initialize(self, request, context):
        self.token = request.auth_token
        self.schedules = schedule_pb2_grpc.ScheduleServiceStub(
            grpc.insecure_channel(request.schedule_endpoint)
        )
        self.note(
            "initialize",
            config=dict(request.config),
            token=request.auth_token,
            endpoint=request.schedule_endpoint,
        )
        script = self.script()
        if "refuse" in script:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, script["refuse"])
        for asked in script.get("create", ()):
            self.ask("create", asked)
        for verb in ("delete", "get"):
            if verb in script:
                self.ask(verb, {"schedule_id": script[verb]})
        return domain_pb2.InitializeResponse(
            handler_names=script.get("handlers", ["work", "poll"]),
            schedules=[domain_pb2.ScheduleInfo(**info) for info in script.get("announce", ())],
        )

    def ExecuteJob(self, request, context):
        text = request.payload.decode(errors="replace")
        self.note(
            "execute",
            handler=request.handler_name,
            job=request.job_id,
            payload=request.payload.hex() if "�" in text else text,
            timeout=request.timeout_secs if request.HasField("timeout_secs") else None,
        )
        asked = json.loads(text) if text.startswith("{") else {}
        match asked.pop("do", ""):
            case "die":
                print("I am done for", flush=True)
                os._exit(7)
            case "fail":
                return domain_pb2.ExecuteJobResponse(error=asked.get("error", ""))
            case "hang":
                over = threading.Event()
                context.add_callback(over.set)
                over.wait()
                self.note("cancelled")
                return domain_pb2.ExecuteJobResponse()
            case "tell":
                asked["result"] = asked.get("result", "").encode()
                return domain_pb2.ExecuteJobResponse(**asked)
            case "":
                return domain_pb2.ExecuteJobResponse(success=True)
            case verb:
                return domain_pb2.ExecuteJobResponse(success=True, result=self.ask(verb, asked))

    def ask(self, verb, asked):
        kind = f"{verb.capitalize()}Schedule"
        if "payload" in asked:
            asked["payload"] = asked["payload"].encode()
        request = getattr(schedule_pb2, f"{kind}Request")(**{"auth_token": self.token, **asked})
        answer = getattr(self.schedules, kind)(request)
        told = {field.name: value for field, value in answer.ListFields() if field.name != "job"}
        if verb == "get" and answer.success:
            told["job"] = {field.name: str(value) for field, value in answer.job.ListFields()}
            told["job"]["payload"] = answer.job.payload.decode()
        self.note("asked", verb=verb, **told)
        return json.dumps(told).encode()

    def script(self):
        try:
            return json.loads((GIVEN.folder / "script.json").read_text())
        except FileNotFoundError:
            return {}

    def note(self, what, **told):
        with (GIVEN.folder / "notes").open("a") as file:
            file.write(json.dumps({"what": what, "pid": os.getpid(), **told}) + "\n")


SERVER = grpc.server(ThreadPoolExecutor(8))
domain_pb2_grpc.add_DomainPluginServiceServicer_to_server(Plugin(), SERVER)
SERVER.add_insecure_port(GIVEN.address or f"127.0.0.1:{GIVEN.port}")
SERVER.start()
print("serving", flush=True)
SERVER.wait_for_termination()
