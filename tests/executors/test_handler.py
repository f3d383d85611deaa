import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.executors.conftest import MakeJob

from cronsole.clock import SystemClock
from cronsole.executors.handler import HandlerExecutor
from cronsole.model.action import Handler
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState

_numbers = itertools.count()

AddHandlers = Callable[[str], str]


@pytest_asyncio.fixture
async def handlers() -> AsyncIterator[HandlerExecutor]:
    executor = HandlerExecutor(SystemClock(), max_threads=2)
    yield executor
    await executor.close()


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddHandlers:
    """Return a function that makes a module of a source text and returns its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(source: str) -> str:
        name = f"handlers_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(source)
        return name

    return write


async def test_a_coroutine_runs_in_the_loop(handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob):
    module = add("import asyncio\nasync def f(ctx):\n    await asyncio.sleep(0)\n    ctx.log('ran')\n")
    outcome = await handlers.start(make_job(Handler(f"{module}:f"))).wait()
    assert (outcome.state, outcome.output, outcome.detail) == (RunState.SUCCEEDED, "ran\n", "")


async def test_a_function_runs_on_a_daemon_thread(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add("import threading\ndef f(ctx):\n    ctx.log(threading.current_thread().daemon)\n")
    assert (await handlers.start(make_job(Handler(f"{module}:f"))).wait()).output == "True\n"


@pytest.mark.parametrize("form", ["async def f(): pass", "def f(): pass", "f = dict"])
async def test_a_handler_may_take_nothing(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob, form: str
):
    outcome = await handlers.start(make_job(Handler(f"{add(form)}:f"))).wait()
    assert (outcome.state, outcome.detail) != (RunState.FAILED, "TypeError")


async def test_the_context_tells_the_run(handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob):
    names = (
        "schedule_id",
        "scheduled_at_ms",
        "run_count",
        "is_catchup",
        "config_json",
        "attempt",
        "fence",
        "payload",
        "deadline_ms",
    )
    module = add(f"import json\ndef f(ctx): ctx.log(json.dumps([getattr(ctx, n) for n in {names}]))\n")
    outcome = await handlers.start(make_job(Handler(f"{module}:f"), payload="p")).wait()
    assert json.loads(outcome.output) == ["nightly", 1_774_746_000_000, 3, False, '{"a":1}', 1, 7, "p", None]


async def test_a_deadline_is_an_instant(handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob):
    module = add("def f(ctx): ctx.log(ctx.deadline_ms)\n")
    before = SystemClock().now()
    outcome = await handlers.start(make_job(Handler(f"{module}:f"), timeout_ms=60_000)).wait()
    assert before + 60_000 <= int(outcome.output) <= SystemClock().now() + 60_000


@pytest.mark.parametrize("form", ["async def f(ctx):", "def f(ctx):"])
async def test_an_exception_fails_with_its_text_and_traceback(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob, form: str
):
    module = add(f"{form}\n    ctx.log('before')\n    raise ValueError('no such thing')\n")
    outcome = await handlers.start(make_job(Handler(f"{module}:f"))).wait()
    assert (outcome.state, outcome.detail) == (RunState.FAILED, "ValueError: no such thing")
    lines = outcome.output.splitlines()
    assert lines[:2] == ["before", "Traceback (most recent call last):"]
    assert f"{module}.py" in lines[2]
    assert "cronsole" not in outcome.output.replace("cronsole-", "").split("Traceback")[1].split(module)[0]


async def test_a_handler_that_exits_fails_and_the_engine_lives(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add("import sys\nasync def f(): sys.exit(3)\n")
    assert (await handlers.start(make_job(Handler(f"{module}:f"))).wait()).detail == "SystemExit: 3"


async def test_returning_false_is_no_failure(handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob):
    module = add("def f(): return False\n")
    assert (await handlers.start(make_job(Handler(f"{module}:f"))).wait()).state is RunState.SUCCEEDED


async def test_a_coroutine_is_cancelled_by_its_timeout(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add("import asyncio\nasync def f(ctx):\n    ctx.log('began')\n    await asyncio.sleep(600)\n")
    outcome = await handlers.start(make_job(Handler(f"{module}:f"), timeout_ms=50)).wait()
    assert (outcome.state, outcome.detail) == (RunState.TIMED_OUT, "timed out after 0.05s")
    assert outcome.output == "began\n"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_coroutine_that_swallows_its_cancellation_is_cancelled_again(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add(
        "import asyncio\nasync def f():\n    for _ in range(2):\n        try:\n            await asyncio.sleep(600)\n"
        "        except asyncio.CancelledError:\n            pass\n"
    )
    job = make_job(Handler(f"{module}:f"), timeout_ms=10, kill_grace_ms=100)
    assert (await handlers.start(job).wait()).state is RunState.TIMED_OUT
    await asyncio.sleep(0)


async def test_a_stop_cancels_a_coroutine(handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob):
    module = add("import asyncio\nasync def f(): await asyncio.sleep(600)\n")
    execution = handlers.start(make_job(Handler(f"{module}:f")))
    waiting = asyncio.create_task(execution.wait())
    asyncio.get_running_loop().call_later(0.05, execution.stop, "by hand")
    outcome = await waiting
    assert (outcome.state, outcome.detail) == (RunState.CANCELLED, "by hand")


async def test_a_stop_before_the_start_starts_nothing(handlers: HandlerExecutor, make_job: MakeJob):
    execution = handlers.start(make_job(Handler("never:imported")))
    execution.stop("by hand")
    assert (await execution.wait()).state is RunState.CANCELLED


async def test_whoever_cancels_the_waiting_task_cancels_it(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add("import asyncio\nasync def f(): await asyncio.sleep(600)\n")
    waiting = asyncio.create_task(handlers.start(make_job(Handler(f"{module}:f"))).wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


STUCK = """
import threading
go = threading.Event()
threads = []
def f():
    threads.append(threading.current_thread())
    go.wait(20)
def g(ctx):
    ctx.log('free')
"""


async def test_a_thread_past_its_deadline_is_left_behind_and_counted(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add(STUCK)
    outcome = await handlers.start(make_job(Handler(f"{module}:f"), timeout_ms=50)).wait()
    assert outcome.state is RunState.TIMED_OUT
    assert outcome.detail == "timed out after 0.05s; its thread cannot be stopped and goes on (1 such in all)"
    assert handlers.abandoned == 1
    thread = sys.modules[module].threads[0]
    sys.modules[module].go.set()
    thread.join(20)
    assert handlers.abandoned == 0


async def test_threads_left_behind_do_not_keep_others_waiting(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add(STUCK)
    stuck = [handlers.start(make_job(Handler(f"{module}:f"), timeout_ms=50)) for _ in range(4)]
    states = {(await one).state for one in asyncio.as_completed([execution.wait() for execution in stuck])}
    outcome = await handlers.start(make_job(Handler(f"{module}:g"), timeout_ms=20_000)).wait()
    sys.modules[module].go.set()
    assert states == {RunState.TIMED_OUT}
    assert outcome.output == "free\n"


async def test_no_more_threads_run_than_allowed(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add(
        "import threading, time\nlock = threading.Lock()\nnow = most = 0\ndef f():\n    global now, most\n"
        "    with lock:\n        now += 1; most = max(most, now)\n    time.sleep(0.01)\n    with lock: now -= 1\n"
    )
    executions = [handlers.start(make_job(Handler(f"{module}:f"))) for _ in range(8)]
    await asyncio.gather(*(execution.wait() for execution in executions))
    assert sys.modules[module].most == 2


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("nothing", "handler 'nothing' is not of the form module:function"),
        ("no.such:f", "handler 'no.such:f': there is no module 'no' on the Python path"),
        ("{module}:gone", "handler '{module}:gone': {file} has no 'gone'; did you mean 'done'?"),
        ("{module}:number", "handler '{module}:number': number in {file} is not a function"),
        ("{module}:Class", "handler '{module}:Class': Class in {file} is a class, not a function"),
        (
            "{module}:two",
            "handler '{module}:two' in {file} needs the arguments a, b; it is called with the context or nothing",
        ),
    ],
)
async def test_a_handler_that_cannot_be_found_fails_with_one_sentence(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob, tmp_path: Path, target: str, sentence: str
):
    module = add("number = 1\ndef done(): pass\nclass Class: pass\ndef two(a, b): pass\n")
    file = tmp_path / f"{module}.py"
    outcome = await handlers.start(make_job(Handler(target.format(module=module)))).wait()
    assert outcome.state is RunState.FAILED
    assert outcome.detail == sentence.format(module=module, file=file)


async def test_a_module_that_fails_to_import_tells_the_line(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob, tmp_path: Path
):
    module = add("x = 1\nx / 0\n")
    outcome = await handlers.start(make_job(Handler(f"{module}:f"))).wait()
    where = tmp_path / f"{module}.py"
    sentence = f"importing it failed at {where}:2: ZeroDivisionError: division by zero"
    assert outcome.detail == f"handler '{module}:f': {sentence}"
    assert "ZeroDivisionError" in outcome.output


async def test_a_fault_of_import_is_looked_at_again(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob, tmp_path: Path
):
    module = add("raise ValueError\n")
    await handlers.start(make_job(Handler(f"{module}:f"))).wait()
    (tmp_path / f"{module}.py").write_text("def f(): pass  # mended, and longer than it was before\n")
    assert (await handlers.start(make_job(Handler(f"{module}:f"))).wait()).state is RunState.SUCCEEDED


async def test_long_notes_go_to_the_file_and_are_cut_at_the_cap(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add("def f(ctx):\n    for n in range(20000): ctx.log(f'line {n:05}')\n")
    job = make_job(Handler(f"{module}:f"), limits=Limits(output_bytes=16_384))
    outcome = await handlers.start(job).wait()
    text = job.output_path.read_text()
    assert outcome.output_file == str(job.output_path)
    assert outcome.output_bytes == 220_000
    assert text.startswith("line 00000\n")
    assert text.endswith("line 19999\n")
    assert "bytes left out" in text
    assert len(text) < 22_000


async def test_expectations_hold_for_handlers_too(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob
):
    module = add("async def f(ctx): ctx.log('nothing')\nasync def g(): pass\n")
    has = make_job(Handler(f"{module}:f"), expect=Expect(output_has=("done",)))
    slow = make_job(Handler(f"{module}:g"), expect=Expect(min_duration_ms=5000))
    assert (await handlers.start(has).wait()).detail == "the output lacks 'done'"
    assert (await handlers.start(slow).wait()).detail == "took 0s, expected at least 5s"


@pytest.mark.parametrize("form", ["async def f(ctx):", "def f(ctx):"])
@pytest.mark.parametrize(
    ("raised", "detail"),
    [
        ("Odd('boo')", "Odd: boo"),
        ("GeneratorExit", "GeneratorExit"),
        ("asyncio.CancelledError", "CancelledError"),
    ],
)
async def test_whatever_a_handler_raises_fails_its_run_and_nothing_else(
    handlers: HandlerExecutor, add: AddHandlers, make_job: MakeJob, form: str, raised: str, detail: str
):
    module = add(f"import asyncio\nclass Odd(BaseException): pass\n{form}\n    raise {raised}\n")
    outcome = await handlers.start(make_job(Handler(f"{module}:f"))).wait()
    assert outcome.state is RunState.FAILED
    assert outcome.detail.startswith(detail)
