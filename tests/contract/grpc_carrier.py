"""The plugin of the contract suite as a server that speaks by generated code."""

import sys
from pathlib import Path

import grpc  # noqa: F401 - without it there is no such carrier
from tests.plugins.pulse import code_folder

from cronsole.model.plugin import Carrier
from cronsole.model.settings import PluginSettings

_SERVER = """
import json, os, sys, threading
from concurrent.futures import ThreadPoolExecutor

import grpc

sys.path.insert(0, CODE)
import domain_pb2, domain_pb2_grpc


class Sample(domain_pb2_grpc.DomainPluginServiceServicer):
    counted = 0

    def Initialize(self, request, context):
        if VERSION == 0:
            context.abort(grpc.StatusCode.INTERNAL, "this version is broken")
        infos = [dict(handler_name="work", interval_seconds=300, enabled_by_default=True)] * max(VERSION, 1)
        return domain_pb2.InitializeResponse(
            handler_names=["work", "fail", "hang", "tell", "count", "crash"],
            schedules=[domain_pb2.ScheduleInfo(**info) for info in infos],
        )

    def ExecuteJob(self, request, context):
        said = getattr(self, request.handler_name)(context)
        error = "" if request.handler_name != "fail" else said
        return domain_pb2.ExecuteJobResponse(success=not error, error=error, result=said.encode())

    def work(self, context):
        return "worked"

    def fail(self, context):
        return "no luck"

    def hang(self, context):
        over = threading.Event()
        context.add_callback(over.set)
        over.wait()
        return ""

    def tell(self, context):
        return json.dumps({"version": VERSION})

    def count(self, context):
        self.counted += 1
        return f"count {self.counted}"

    def crash(self, context):
        os._exit(3)


server = grpc.server(ThreadPoolExecutor(8))
domain_pb2_grpc.add_DomainPluginServiceServicer_to_server(Sample(), server)
server.add_insecure_port(f"127.0.0.1:{sys.argv[-1]}")
server.start()
server.wait_for_termination()
"""


class OverGrpc:
    """A program that the engine keeps running; it leaves out what it may: Metadata, Health and Shutdown."""

    carrier = Carrier.GRPC
    schedule_id = "sample/work"
    second_id = "sample/work:2"
    tells_catchup = False

    def write(self, folder: Path, version: int = 1) -> PluginSettings:
        file = folder / "server.py"
        file.write_text(f"VERSION = {version}\nCODE = {str(code_folder())!r}\n{_SERVER}")
        return PluginSettings("sample", command=(sys.executable, str(file)))
