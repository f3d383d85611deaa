"""Start the process of a command: what is executed, as whom, where, and within which limits.

Nothing runs between fork and exec but what Popen does in C, so that vfork is used. What must hold before the
program starts is done by a shell that then becomes the program.
"""

import errno
import os
import pwd
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from cronsole.executors import output
from cronsole.executors.base import Job, StartFault
from cronsole.executors.environment import DEFAULT_PATH, base_environment, run_environment
from cronsole.model.action import Command
from cronsole.model.policy import Limits

SPOOL_SUFFIX = ".exit"


class Spawned(msgspec.Struct, frozen=True):
    """`spool` is the file to which the shell writes its exit status; empty where there is no shell to do so."""

    pid: int
    spool: str


class _Identity(msgspec.Struct, frozen=True):
    """Whom a command runs as; `groups` is None where that is the engine's own user."""

    account: pwd.struct_passwd
    groups: tuple[int, ...] | None = None


class Spawner:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._self = _Identity(own_account(self._environ))
        self._base = base_environment(self._environ, self._self.account, is_other=False)
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)

    def close(self) -> None:
        if self._null >= 0:
            os.close(self._null)
        self._null = -1

    def spawn(self, job: Job, command: Command) -> Spawned:
        """Start the process, or raise StartFault. The output file is created first: without it nothing started."""
        identity = self._self if command.user is None else self._identity(command.user)
        base = self._base
        if identity.groups is not None:
            base = base_environment(self._environ, identity.account, is_other=True)
        env = run_environment(base, command, job)
        cwd = command.cwd
        if cwd is None and identity.groups is not None:
            cwd = identity.account.pw_dir if os.path.isdir(identity.account.pw_dir) else "/"
        if not isinstance(command.run, str) and _has_prefix(job.limits):
            _require_program(command.run[0], env.get("PATH", DEFAULT_PATH), cwd)
        fd = _create_output(job)
        spool_fd = -1
        try:
            spool = f"{job.output_path}{SPOOL_SUFFIX}" if isinstance(command.run, str) else ""
            target = spool
            if spool and identity.groups is not None:
                # The user may not enter the state directory, but it may write to what it inherits.
                spool_fd = _create_spool(spool, identity.account)
                target = f"/proc/self/fd/{spool_fd}"
            argv = arguments(command.run, job.limits, target)
            popen = self._popen(argv, env, cwd, fd, identity, spool_fd)
        except (OSError, ValueError, subprocess.SubprocessError) as fault:
            with suppress(OSError):
                os.unlink(job.output_path)
            raise _start_fault(fault, command, cwd) from fault
        finally:
            os.close(fd)
            if spool_fd >= 0:
                os.close(spool_fd)
        # The process is reaped by its pidfd; Popen must not try to when it is forgotten.
        popen.returncode = 0
        return Spawned(popen.pid, spool)

    def _popen(
        self,
        argv: list[str],
        env: dict[str, str],
        cwd: str | None,
        fd: int,
        identity: _Identity,
        spool_fd: int,
    ) -> "subprocess.Popen[bytes]":
        if identity.groups is None:
            return subprocess.Popen(
                argv, stdin=self._null, stdout=fd, stderr=fd, env=env, cwd=cwd, start_new_session=True
            )
        return subprocess.Popen(
            argv,
            stdin=self._null,
            stdout=fd,
            stderr=fd,
            env=env,
            cwd=cwd,
            start_new_session=True,
            user=identity.account.pw_uid,
            group=identity.account.pw_gid,
            extra_groups=identity.groups,
            pass_fds=(spool_fd,) if spool_fd >= 0 else (),
        )

    def _identity(self, user: str) -> _Identity:
        try:
            account = pwd.getpwnam(user)
        except KeyError as fault:
            raise StartFault(f"there is no user {user!r} on this machine", is_final=True) from fault
        if account.pw_uid == self._self.account.pw_uid:
            return self._self
        if os.geteuid() != 0:
            raise StartFault(
                f"running as user {user!r} needs an engine that runs as root; this one runs as "
                f"{self._self.account.pw_name!r}",
                is_final=True,
            )
        return _Identity(account, tuple(os.getgrouplist(user, account.pw_gid)))


def arguments(run: str | tuple[str, ...], limits: Limits, spool: str) -> list[str]:
    """Return what is executed: the list as it stands, or a shell with the text; limits wrapped around it."""
    ulimits = _ulimits(limits)
    # The trap stands on the text's own first line, so that the line numbers in its errors stay.
    argv = ["/bin/sh", "-c", f"{_exit_trap(spool)}{ulimits}{run}"] if isinstance(run, str) else list(run)
    if limits.nice is not None:
        argv = [_nice(), "-n", str(limits.nice), *argv]
    if ulimits and not isinstance(run, str):
        argv = ["/bin/sh", "-c", f'{ulimits}exec "$@"', "sh", *argv]
    return argv


def _exit_trap(spool: str) -> str:
    """Return the trap that spools the exit status; a text with an EXIT trap of its own replaces it."""
    action = f'{{ command echo "$?" >|{shlex.quote(spool)}; }} 2>/dev/null || :'
    return f"trap {shlex.quote(action)} 0; "


def _ulimits(limits: Limits) -> str:
    parts = []
    if limits.memory_bytes is not None:
        parts.append(f"ulimit -v {max(limits.memory_bytes // 1024, 1)}; ")
    if limits.cpu_seconds is not None:
        # A second between the two leaves room for SIGXCPU, which says what happened, before SIGKILL.
        parts.append(f"ulimit -t {limits.cpu_seconds + 1}; ulimit -S -t {limits.cpu_seconds}; ")
    return "".join(parts)


def _has_prefix(limits: Limits) -> bool:
    return not (limits.memory_bytes is None and limits.cpu_seconds is None and limits.nice is None)


def _nice() -> str:
    return shutil.which("nice", path=DEFAULT_PATH) or "nice"


def _require_program(program: str, path: str, cwd: str | None) -> None:
    """Behind a shell a missing program would be an exit code; say it in words instead."""
    where = os.path.join(cwd or ".", program) if "/" in program else program
    if shutil.which(where, path=path) is None:
        raise StartFault(f"cannot start {program!r}: {_missing(program, where)}")


def _create_output(job: Job) -> int:
    try:
        return output.create(job.output_path)
    except FileExistsError as fault:
        raise StartFault(
            f"attempt {job.attempt} was started before: its output file exists", is_final=True
        ) from fault
    except OSError as fault:
        raise StartFault(f"cannot create the output file {job.output_path}: {fault.strerror}") from fault


def _create_spool(path: str, account: pwd.struct_passwd) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.fchown(fd, account.pw_uid, account.pw_gid)
    return fd


def _start_fault(fault: Exception, command: Command, cwd: str | None) -> StartFault:
    """Return the sentence for what Popen refused; what time or another hand may cure is not final."""
    program = "/bin/sh" if isinstance(command.run, str) else (command.run or ("",))[0]
    if isinstance(fault, ValueError | subprocess.SubprocessError):
        return StartFault(f"cannot start {program!r}: {fault}", is_final=True)
    assert isinstance(fault, OSError)
    if cwd is not None and fault.filename == cwd:
        if fault.errno == errno.ENOENT:
            return StartFault(f"the working directory {cwd} does not exist")
        return StartFault(f"cannot enter the working directory {cwd}: {fault.strerror}")
    if fault.errno == errno.ENOENT:
        where = os.path.join(cwd or ".", program) if "/" in program else program
        return StartFault(f"cannot start {program!r}: {_missing(program, where)}")
    if fault.errno == errno.EACCES:
        return StartFault(f"cannot start {program!r}: it is not executable, or not by this user")
    if fault.errno == errno.ENOEXEC:
        return StartFault(
            f"cannot start {program!r}: it is no program, nor has it a first line like #!/bin/sh"
        )
    if fault.errno == errno.E2BIG:
        return StartFault(f"cannot start {program!r}: arguments and environment are too long", is_final=True)
    return StartFault(f"cannot start {program!r}: {fault.strerror}")


def _missing(program: str, where: str) -> str:
    if "/" not in program:
        return "there is no such program in PATH"
    if os.path.exists(where):
        with suppress(OSError), open(where, "rb") as file:
            if file.read(2) == b"#!":
                return "the interpreter that its first line names does not exist"
        return "it is not executable, or lacks its loader"
    return "there is no such file"


def own_account(environ: Mapping[str, str]) -> pwd.struct_passwd:
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        # Containers run under numbers that no file knows.
        home = environ.get("HOME", "/")
        return pwd.struct_passwd((str(uid), "x", uid, os.getegid(), "", home, "/bin/sh"))
