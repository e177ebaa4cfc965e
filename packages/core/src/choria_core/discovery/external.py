"""Nodes named by a program of the user's own.

The program gets the paths of two files and the name of the request's protocol as its last
words and in its environment: it reads the request from the first and writes its answer into
the second.  The option ``command`` names it instead of the configuration; all other options
go to the program.

Source: the discovery protocol of go-choria, version 1.
"""

import asyncio
import contextlib
import os
import shlex
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec import Struct, field

from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError, WorkError
from choria_core.network_config.client_config import ClientConfig
from choria_core.protocol.filter_document import FilterDocument, filter_document
from choria_core.protocol.names import is_identity

REQUEST: Final = "io.choria.choria.discovery.v1.external_request"
REPLY: Final = "io.choria.choria.discovery.v1.external_reply"
SCHEMA: Final = "https://choria.io/schemas/choria/discovery/v1/external_request.json"

LEAST_SECONDS: Final = 1.0

_SAID_BYTES: Final = 16 << 10
_SAID_CHARS: Final = 500


class _Request(Struct, frozen=True, kw_only=True):
    schema: str = field(name="$schema", default=SCHEMA)
    protocol: str = REQUEST
    collective: str
    filter: FilterDocument
    federations: tuple[str, ...]
    options: Mapping[str, str]
    timeout: float


class _Reply(Struct, frozen=True):
    protocol: str = ""
    nodes: tuple[str, ...] | None = None
    error: str = ""


async def find_by_program(request: DiscoveryRequest, config: ClientConfig) -> list[str]:
    """The nodes that the program names.

    Args:
        request: complete.
        config: names the program, unless the options do.

    Raises:
        ConfigError: no program is named, or it cannot be started.
        WorkError: it failed, took too long, or did not answer by the protocol.
    """
    options = dict(request.options or {})
    command = options.pop("command", "") or str(config.discovery.external_command or "")
    words = _words(command)
    seconds = max(request.timeout_seconds or 0.0, LEAST_SECONDS)
    document = _Request(
        collective=request.collective,
        filter=filter_document(request.filter),
        federations=config.brokers.federation_collectives,
        options=options,
        timeout=seconds,
    )
    with tempfile.TemporaryDirectory(prefix="choria-discovery-") as name:
        folder = Path(name)
        (folder / "request").write_bytes(msgspec.json.encode(document))
        (folder / "reply").touch()
        await _run(words, folder, seconds)
        return _nodes((folder / "reply").read_bytes(), words[0])


def _words(command: str) -> list[str]:
    if not command.strip():
        raise ConfigError(
            "no program is named that finds nodes: set plugin.choria.discovery.external.command, "
            "or use --do command=PROGRAM"
        )
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"the command {command!a} cannot be read: {error}") from error


async def _run(words: list[str], folder: Path, seconds: float) -> None:
    """Run the program to its end; what it says goes to the log."""
    request, reply = str(folder / "request"), str(folder / "reply")
    environment = {
        "CHORIA_EXTERNAL_REQUEST": request,
        "CHORIA_EXTERNAL_REPLY": reply,
        "CHORIA_EXTERNAL_PROTOCOL": REQUEST,
        "PATH": os.environ.get("PATH", os.defpath),
    }
    with (folder / "said").open("wb") as said:
        try:
            program = await asyncio.create_subprocess_exec(
                *words,
                request,
                reply,
                REQUEST,
                cwd=tempfile.gettempdir(),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(f"{words[0]} cannot be started: {error.strerror}") from error
        code = await _ended(program, words[0], seconds)
    told = _told(folder / "said")
    if code:
        raise WorkError(f"{words[0]} ended with {code}: {told[-_SAID_CHARS:] or 'it said nothing'}")
    if told:
        structlog.get_logger("discovery").info("the program said", program=words[0], text=told)


async def _ended(program: asyncio.subprocess.Process, name: str, seconds: float) -> int:
    """Its exit code; it never outlives us or its time."""
    try:
        async with asyncio.timeout(seconds):
            return await program.wait()
    except TimeoutError:
        raise WorkError(f"{name} did not end within {seconds:g} s") from None
    finally:
        if program.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            await program.wait()


def _told(path: Path) -> str:
    with path.open("rb") as said:
        return " ".join(said.read(_SAID_BYTES).decode("utf-8", "replace").split())


def _nodes(document: bytes, name: str) -> list[str]:
    try:
        reply = msgspec.json.decode(document, type=_Reply)
    except (ValueError, RecursionError) as error:
        raise WorkError(f"{name} did not write the answer that is due: {error}") from error
    if reply.error:
        raise WorkError(f"{name}: {reply.error[:_SAID_CHARS]}")
    if reply.protocol != REPLY:
        raise WorkError(f"{name} answers by {reply.protocol[:80]!a} where {REPLY} is due")
    for node in reply.nodes or ():
        if not is_identity(node):
            raise WorkError(f"{name}: {node[:80]!a} is no name of a node")
    return list(reply.nodes or ())
