"""The task ``webhook``: a web server is told something."""

import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from choria_core.config.schema import Grammar, Setting
from choria_core.errors import ConfigError
from choria_core.playbook.stored_text import stored_text
from choria_core.playbook.task import HostResult, Outcome, TaskRun
from choria_playbooks.tasks.web_server import WebOptions, ask, host_of, names_server, server_of

USER_AGENT: Final = "Choria Playbooks http://choria.io"
REQUEST_ID: Final = "X-Choria-Request-ID"

Method = Literal["GET", "POST"]

_is_header_name: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_is_header_value: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*").fullmatch


def read_method(text: str) -> Method:
    """How it is told, in letters of any size.

    Raises:
        ConfigError: it is not known.
    """
    match text.upper():
        case "GET":
            return "GET"
        case "POST":
            return "POST"
    raise ConfigError(f"must be GET or POST, not {text!r}")


METHOD: Final = Grammar("GET or POST", read_method)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOptions(WebOptions):
    """What a book may say of any message to a web server."""

    headers: Annotated[
        Mapping[str, str], Setting("headers of the request; they win over those of ours")
    ] = field(default_factory=dict)
    expect_status: Annotated[
        tuple[int, ...], Setting("statuses that say all is well", minimum=100, maximum=599)
    ] = (200, 201)
    redirects: Annotated[
        bool,
        Setting(
            "go where the server leads, at most five times; other servers get all headers but "
            "Authorization"
        ),
    ] = False

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        yield from WebOptions.check(self)
        for name, value in self.headers.items():
            if not _is_header_name(name):
                yield "headers", f"{name!a} is no name of a header", "use letters, digits and -"
            elif not _is_header_value(value):
                yield "headers", f"{name} holds what no header can", "write it in one line"
        if not self.expect_status:
            yield "expect_status", "lets no status be well", "name at least one, or leave it out"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions(MessageOptions):
    """What a book may say of a webhook."""

    uri: Annotated[str, Setting("http or https address that is asked")]
    method: Annotated[Method, Setting("how it is asked", grammar=METHOD)] = "POST"
    data: Annotated[
        Mapping[str, object],
        Setting(
            "what it is told: a POST sends it as JSON, a GET puts it into the query, where texts "
            "stand as they are and other values as JSON"
        ),
    ] = field(default_factory=dict)

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        yield from MessageOptions.check(self)
        if not names_server(self.uri):
            yield "uri", "is no address of a web server", "begin with https:// and a host"


class WebhookTask:
    """Tells a web server something; it does well when the status of the answer is expected."""

    Options: ClassVar[type] = WebhookOptions

    async def run(self, options: WebhookOptions, run: TaskRun) -> Outcome:
        """Ask once, under an id of its own.

        Raises:
            ConfigError: a file of certificates cannot be used.
            TransportError: no answer came, or the server is not to be trusted.
            WorkError: the answer is too large, or leads elsewhere too often.
        """
        is_get = options.method == "GET"
        began = time.monotonic()
        reply = await ask(
            run.bench,
            options,
            options.method,
            options.uri,
            headers=_headers(options),
            query={name: stored_text(value) for name, value in options.data.items()}
            if is_get
            else None,
            body=None if is_get else msgspec.json.encode(options.data),
            follow_redirects=options.redirects,
        )
        seconds = time.monotonic() - began
        is_ok = reply.status in options.expect_status
        message = f"{options.method} to {server_of(options.uri)} answered {reply.status}"
        if not is_ok:
            message += f", not {' or '.join(map(str, options.expect_status))}"
        message += f", in {seconds:.2f} s"
        result = HostResult(
            is_ok=is_ok,
            value={"status": reply.status, "body": reply.text},
            error="" if is_ok else message,
            kind="" if is_ok else "failed",
        )
        return Outcome(
            is_ok=is_ok, message=message, data=(reply.text,), results={host_of(options.uri): result}
        )

    def foretell(self, options: WebhookOptions) -> str:
        """Whom it would tell."""
        return f"would send {options.method} to {server_of(options.uri)}"


def _headers(options: WebhookOptions) -> dict[str, str]:
    """Ours, unless the book has its own, in letters of any size."""
    ours = {"User-Agent": USER_AGENT, REQUEST_ID: str(uuid.uuid4())}
    if options.method == "POST":
        ours["Content-Type"] = "application/json"
    given = {name.lower() for name in options.headers}
    return {
        **{name: value for name, value in ours.items() if name.lower() not in given},
        **options.headers,
    }
