"""The task ``slack``: a message in a channel of Slack."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import msgspec

from choria_core.config.schema import Setting
from choria_core.playbook.task import HostResult, Outcome, TaskRun
from choria_playbooks.tasks.web_server import WebOptions, ask, host_of, names_server
from choria_playbooks.tasks.webhook import USER_AGENT

if TYPE_CHECKING:
    from choria_core.http_client import HttpReply

API: Final = "https://slack.com/api"

_OK: Final = 200
_SAID_CHARS: Final = 200
_is_token: Final = re.compile(r"[!-~]+").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackOptions(WebOptions):
    """What a book may say of a message."""

    channel: Annotated[str, Setting("where it is said")]
    text: Annotated[str, Setting("what is said, in Slack's own markup")]
    token: Annotated[str, Setting("of the bot that says it", secret=True)]
    color: Annotated[str, Setting("of the bar beside the text")] = "#ffa449"
    username: Annotated[str, Setting("who says it, for people")] = "Choria"
    icon_url: Annotated[str, Setting("picture of who says it; empty for the bot's own")] = ""
    api: Annotated[str, Setting("another server with Slack's interface: its address")] = API

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        yield from WebOptions.check(self)
        if not self.channel.strip():
            yield "channel", "names no channel", "write one, as #deploys"
        if not _is_token(self.token):
            text = "is no token: those have no blanks, and letters of ASCII"
            yield "token", text, "give that of a bot, as xoxb-..."
        if not names_server(self.api):
            yield "api", "is no address of a web server", f"begin with https://, as {API}"


class SlackTask:
    """Says something in a channel of Slack; it does well when Slack says so."""

    Options: ClassVar[type] = SlackOptions

    async def run(self, options: SlackOptions, run: TaskRun) -> Outcome:
        """Say it once.

        Raises:
            ConfigError: a file of certificates cannot be used.
            TransportError: no answer came, or the server is not to be trusted.
            WorkError: the answer is too large.
        """
        reply = await ask(
            run.bench,
            options,
            "POST",
            f"{options.api.rstrip('/')}/chat.postMessage",
            headers={
                "Authorization": f"Bearer {options.token}",
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": USER_AGENT,
            },
            body=msgspec.json.encode(_message(options, run)),
        )
        answer = _answer(reply)
        problem = _problem(reply, answer)
        host = host_of(options.api)
        if problem:
            message = f"{host} did not take the message: {problem}"
            failed = HostResult(is_ok=False, value=answer, error=message, kind="failed")
            return Outcome(is_ok=False, message=message, data=(answer,), results={host: failed})
        return Outcome(
            is_ok=True,
            message=f"said it in {options.channel}",
            data=(answer,),
            results={host: HostResult(is_ok=True, value=answer)},
        )

    def foretell(self, options: SlackOptions) -> str:
        """What it would say, and where."""
        first, *more = options.text.strip().splitlines() or [""]
        return f"would say in {options.channel}: {first}{' …' if more else ''}"


def _message(options: SlackOptions, run: TaskRun) -> dict[str, Any]:
    message: dict[str, Any] = {
        "channel": options.channel,
        "username": options.username,
        "attachments": [
            {
                "fallback": options.text,
                "color": options.color,
                "text": options.text,
                "pretext": f"Task: {run.description}",
                "mrkdwn_in": ["text"],
                "footer": "Choria Playbooks",
                "fields": [
                    {"title": "user", "value": run.caller, "short": True},
                    {"title": "playbook", "value": run.book, "short": True},
                ],
            }
        ],
    }
    if options.icon_url:
        message["icon_url"] = options.icon_url
    return message


def _answer(reply: "HttpReply") -> Any:
    """What it said: the value of its JSON, or its text where it is none."""
    try:
        return msgspec.json.decode(reply.body)
    except (ValueError, RecursionError):
        return reply.text


def _problem(reply: "HttpReply", answer: Any) -> str:
    """Why the message was not taken; empty where it was."""
    if reply.status != _OK:
        later = reply.headers.get("retry-after", "")
        wait = f"; it asks to wait {later[:_SAID_CHARS]} s" if later else ""
        return f"it answered {reply.status}{wait}"
    if not isinstance(answer, dict):
        return "its answer is no JSON object"
    if answer.get("ok") is True:
        return ""
    return str(answer.get("error") or "it gave no reason")[:_SAID_CHARS]
