"""Run a real nats-server as a child, for demonstrations, tests and ``choria broker run``.

    async with start_broker(BrokerOptions(jetstream=True)) as broker:
        transport = await connect(parse_endpoint(broker.url), name="example")

The server never outlives this process, however it ends: see ``guard``.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from choria_core.broker import guard as broker_guard
from choria_core.broker.binary import find_nats_server
from choria_core.broker.config import render_config
from choria_core.broker.options import BrokerOptions, BrokerPorts
from choria_core.broker.ports import choose_ports, fixed_ports, taken_ports
from choria_core.broker.report import BrokerReport, read_report
from choria_core.errors import UsageError, WorkError

START_ATTEMPTS = 5
POLL_SECONDS = 0.02
GRACE_SECONDS = 10.0
TAIL_LINES = 5
DEFAULTS = BrokerOptions()

LogListener = Callable[[str], None]


@contextlib.asynccontextmanager
async def start_broker(
    options: BrokerOptions = DEFAULTS, *, on_log: LogListener | None = None
) -> AsyncIterator["Broker"]:
    """A running broker, stopped and cleaned up at the end of the block.

    With ``on_log``, each line of the server's log goes there instead of to a
    file; the event loop must then keep turning, or the server would stall.

    Raises:
        UsageError: nats-server is not installed, the host is not this machine, or
            a port is taken.
        WorkError: the server did not get ready; its last log lines are in the text.
    """
    folder = Path(tempfile.mkdtemp(prefix="choria-broker-"))
    broker = Broker(options, folder, on_log=on_log)
    try:
        await broker.start()
        yield broker
    finally:
        try:
            await broker.stop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Life:
    """The server from one launch to its exit.

    Attributes:
        process: the guard, which ends as the server ends.
        pipe: our end of the guard's pipe.
        log_reader: None when the log goes to a file.
        pid: the server's own; 0 until it is ready.
    """

    process: asyncio.subprocess.Process
    pipe: int
    log_reader: asyncio.Task[None] | None
    pid: int = 0

    def release(self) -> None:
        """Tell the guard to end the server and to keep the folder, for the next life."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe, b"k")
        os.close(self.pipe)

    def wake(self) -> None:
        """Let a frozen server go on, so that it can end."""
        if self.pid and self.process.returncode is None:
            os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill the server, so that the guard ends by itself; before it is ready, both."""
        with contextlib.suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
            else:
                os.killpg(self.process.pid, signal.SIGKILL)


class Broker:
    """A nats-server that can be stopped, killed and started again on the same ports.

    Made by :func:`start_broker`.
    """

    def __init__(
        self, options: BrokerOptions, folder: Path, *, on_log: LogListener | None = None
    ) -> None:
        self.options = options
        self.store = options.store or folder / "store"
        self.log_file = options.log_file or folder / "broker.log"
        self._folder = folder
        self._on_log = on_log
        self._recent: deque[str] = deque(maxlen=TAIL_LINES)
        self._ports: BrokerPorts | None = None
        self._life: _Life | None = None
        self._report = BrokerReport()

    @property
    def url(self) -> str:
        """Where clients connect; no credentials in it."""
        return self._report.url

    @property
    def port(self) -> int:
        """The client port."""
        return int(self.url.rpartition(":")[2])

    @property
    def monitor_url(self) -> str:
        """Of the server's own HTTP endpoint; empty when it has none."""
        return self._report.monitor_url

    @property
    def cluster_url(self) -> str:
        """Where other members of its cluster connect; empty outside a cluster."""
        return self._report.cluster_url

    @property
    def leafnode_url(self) -> str:
        """Where leafnodes connect; empty when they are not taken."""
        if self._ports is None or self._ports.leafnode is None:
            return ""
        host = self.options.host
        return f"nats-leaf://{f'[{host}]' if ':' in host else host}:{self._ports.leafnode}"

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._life is not None and self._life.process.returncode is None

    @property
    def pid(self) -> int:
        """The server's process id.

        Raises:
            WorkError: it does not run.
        """
        if self._life is None or not self.is_running:
            raise WorkError("the broker is not running")
        return self._life.pid

    def log_tail(self) -> list[str]:
        """The last few lines of the server's log."""
        if self._on_log is not None:
            return list(self._recent)
        with contextlib.suppress(FileNotFoundError), self.log_file.open(errors="replace") as log:
            return [line.rstrip("\n") for line in deque(log, maxlen=TAIL_LINES)]
        return []

    async def start(self) -> None:
        """Start the server and return when it takes connections.

        A second start uses the ports and the store of the first.

        Raises:
            UsageError, WorkError: as :func:`start_broker`.
        """
        for attempt in range(1, START_ATTEMPTS + 1):
            if self.is_running:
                return
            await self.stop()  # what is left of a server that ended by itself
            first = self._ports is None
            try:
                await self._launch()
            except WorkError:
                taken = self._taken_ports()
                self._refuse_fixed(taken)
                if not (taken and first and attempt < START_ATTEMPTS):
                    raise
                self._ports = None  # another program was quicker: choose again

    async def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """End the server: SIGTERM, then SIGKILL after ``grace_seconds``."""
        life, self._life = self._life, None
        if life is None:
            return
        try:
            with contextlib.suppress(ProcessLookupError):
                life.wake()
                life.process.terminate()
            async with asyncio.timeout(grace_seconds):
                await life.process.wait()
        except TimeoutError:
            life.kill()
        finally:
            life.release()  # whatever happened above, this ends the server
            await life.process.wait()
            if life.log_reader is not None:
                await life.log_reader

    async def kill(self) -> None:
        """End the server at once, as a crash would (SIGKILL)."""
        os.kill(self.pid, signal.SIGKILL)
        await self.wait()
        await self.stop()

    async def restart(self, options: BrokerOptions | None = None) -> None:
        """Stop and start again on the same ports and store.

        ``options`` may change everything but where the server listens and stores.
        """
        await self.stop()
        if options is not None:
            self.options = options
        await self.start()

    async def wait(self) -> int:
        """Return when the server has ended: its exit code, or 128 plus its signal's number.

        Raises:
            WorkError: it was not started, or already stopped.
        """
        if self._life is None:
            raise WorkError("the broker is not running")
        return await self._life.process.wait()

    async def _launch(self) -> None:
        """Start the server once.  On any error nothing is left running."""
        ports = self._ports = self._ports or choose_ports(self.options)
        reports = self._fresh_folder("ports")
        process, pipe = await self._spawn([*self._command(ports), "--ports_file_dir", str(reports)])
        reader = asyncio.create_task(self._read_log(process)) if self._on_log else None
        self._life = _Life(process, pipe, reader)
        try:
            self._report = await self._ready(process, reports)
            self._life.pid = self._report.pid
        except BaseException:
            await self.stop()
            raise

    def _command(self, ports: BrokerPorts) -> list[str]:
        guard = [sys.executable, "-I", "-S", broker_guard.__file__]
        limits = [str(GRACE_SECONDS), str(self._folder)]
        return [*guard, *limits, str(find_nats_server()), "-c", str(self._config_file(ports))]

    def _config_file(self, ports: BrokerPorts) -> Path:
        if self.options.config_file is not None:
            return self.options.config_file
        path = self._folder / "broker.conf"
        path.touch(mode=0o600)
        path.write_text(render_config(self.options, ports, self.store), encoding="utf-8")
        return path

    def _fresh_folder(self, name: str) -> Path:
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    async def _spawn(self, command: list[str]) -> tuple[asyncio.subprocess.Process, int]:
        """The guard's process and our end of its pipe."""
        guard_end, pipe = os.pipe()
        try:
            with self._output() as output:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=guard_end,
                    stdout=output,
                    stderr=asyncio.subprocess.STDOUT,
                    env=os.environ | self.options.environment,
                    start_new_session=True,  # a terminal's Ctrl-C is for us, not for the server
                )
        except BaseException:
            os.close(pipe)
            raise
        finally:
            os.close(guard_end)
        return process, pipe

    def _output(self) -> contextlib.AbstractContextManager[IO[bytes] | int]:
        if self._on_log is not None:
            return contextlib.nullcontext(asyncio.subprocess.PIPE)
        return self.log_file.open("ab")

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert self._on_log is not None
        partial = b""
        while chunk := await process.stdout.read(65_536):
            *lines, partial = (partial + chunk).split(b"\n")
            for line in lines:
                text = line.decode(errors="replace")
                self._recent.append(text)
                self._on_log(text)

    async def _ready(self, process: asyncio.subprocess.Process, reports: Path) -> BrokerReport:
        try:
            async with asyncio.timeout(self.options.start_timeout_seconds):
                while (report := read_report(reports)) is None:
                    if process.returncode is not None:
                        raise WorkError(await self.describe_end())
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            seconds = self.options.start_timeout_seconds
            raise WorkError(self._with_log(f"not ready within {seconds:g} s")) from None
        return report

    async def describe_end(self) -> str:
        """After the server's end: its exit code and its last log lines, for an error."""
        code = await self.wait()
        assert self._life is not None
        if self._life.log_reader is not None:
            await self._life.log_reader
        return self._with_log(f"ended with exit code {code}")

    def _with_log(self, what: str) -> str:
        return "\n".join([f"nats-server {what}; its last log lines:", *self.log_tail()])

    def _taken_ports(self) -> dict[str, int]:
        if self._ports is None or self.options.config_file is not None:
            return {}
        return taken_ports(self.options, self._ports)

    def _refuse_fixed(self, taken: dict[str, int]) -> None:
        """Raise UsageError if a port that we were told to use is taken."""
        fixed = fixed_ports(self.options)
        for kind in taken.keys() & fixed.keys():
            raise UsageError(
                f"{kind} port {taken[kind]} on {self.options.host} is taken: "
                "stop what uses it, or choose another port (-1 picks a free one)"
            )
