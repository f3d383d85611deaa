"""The code that protoc makes of our .proto files: what real clients in any language speak."""

import importlib
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from grpc_tools import protoc

from cronsole.dialects import pulse

PROTO_FOLDER = Path(pulse.__file__).parent


@cache
def generated() -> tuple[ModuleType, ModuleType, Any, Any]:
    """Return domain_pb2, schedule_pb2, domain_pb2_grpc and schedule_pb2_grpc."""
    folder = tempfile.mkdtemp(prefix="cronsole-protoc-")
    generate(Path(folder))
    sys.path.insert(0, folder)
    names = ("domain_pb2", "schedule_pb2", "domain_pb2_grpc", "schedule_pb2_grpc")
    domain, schedule, domain_grpc, schedule_grpc = map(importlib.import_module, names)
    return domain, schedule, domain_grpc, schedule_grpc


def generate(folder: Path) -> None:
    """Write the generated modules into a folder."""
    common = ["protoc", f"-I{PROTO_FOLDER}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
    assert protoc.main([*common, "domain.proto", "schedule.proto"]) == 0


def theirs(name: str) -> Any:
    """Return the generated class of a message."""
    domain, schedule, *_ = generated()
    return getattr(domain, name, None) or getattr(schedule, name)
