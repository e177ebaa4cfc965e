"""What the configuration says of adapters.  Pure."""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from choria_core.config.problems import InvalidConfigError, Location, Problem, at
from choria_core.config.value import Refusal, nearest
from choria_core.errors import LocalProtocolError
from choria_core.nats.endpoint import ServerAddress
from choria_core.nats.wire import check_subject
from choria_core.network_config.keys_adapter import PARTS
from choria_core.network_config.kinds import WORDS
from choria_core.network_config.settings import Settings
from choria_core.network_config.table import find
from choria_plugin_adapter.subject_template import SubjectTemplate

LIST: Final = "plugin.choria.adapters"
PREFIX: Final = "plugin.choria.adapter."

_NAME: Final = re.compile("[A-Za-z0-9_-]+")
_TYPES: Final = ("choria_streams", "jetstream")
_GONE: Final = "nats_stream"


class Takes(enum.Enum):
    """What an adapter reads."""

    REQUESTS = "request"
    REPLIES = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSettings:
    """One adapter.

    Attributes:
        name: of it; other processes with one of this name share its work.
        takes: what it reads.
        ingest: subject to read from, maybe with wildcards.
        template: of the subjects to write to.
        servers: brokers of the stream; empty for those of the network.
        queue_length: messages that may wait to be published.
        ack_seconds: what is not acknowledged for so long is published again.
        retry_seconds: so long in all; None for half of the stream's duplicate window.
        verify: take only what its sender signed.
    """

    name: str
    takes: Takes
    ingest: str
    template: SubjectTemplate
    servers: tuple[ServerAddress, ...]
    queue_length: int
    ack_seconds: float
    retry_seconds: float | None
    verify: bool

    @property
    def group(self) -> str:
        """The queue group of all its processes."""
        return f"nats_ingest_{self.name}"


@dataclass(frozen=True, slots=True)
class Adapters:
    """What was read.

    Attributes:
        adapters: in the order of the list; at least one.
        warnings: what was passed over.
    """

    adapters: tuple[AdapterSettings, ...]
    warnings: tuple[Problem, ...]


def read_adapters(settings: Settings) -> Adapters:
    """The adapters of a configuration.

    Raises:
        InvalidConfigError: there is none, or something is wrong with one; all is named.
    """
    option = settings.options.get(LIST)
    where = option.origin.location if option else Location(settings.main_file)
    names: Any = WORDS.read(option.text, "") if option else ()
    problems = list(_name_problems(names, where))
    adapters: list[AdapterSettings] = []
    for name in dict.fromkeys(names):
        reader = _Reader(settings, name, where)
        adapter = reader.adapter()
        problems += reader.problems
        if adapter is not None:
            adapters.append(adapter)
    if problems:
        raise InvalidConfigError(problems)
    return Adapters(tuple(adapters), tuple(_warnings(settings, names)))


def _name_problems(names: tuple[str, ...], where: Location) -> Iterator[Problem]:
    if not names:
        yield at(where, LIST, "names no adapter", f"set {LIST} to the names of those to run")
    for name in names:
        if not _NAME.fullmatch(name):
            fix = "use letters, digits, _ and -"
            yield at(where, LIST, f"{name!a} is no name of an adapter", fix)


def _warnings(settings: Settings, names: tuple[str, ...]) -> Iterator[Problem]:
    """Keys of adapters that nobody reads."""
    for key, option in settings.options.items():
        if not key.startswith(PREFIX):
            continue
        name, _, part = key.removeprefix(PREFIX).partition(".")
        if name not in names:
            text = f"{name} does not run"
            yield at(option.origin.location, key, text, f"name it in {LIST}, or remove this")
        elif part not in PARTS:
            meant = nearest(part, tuple(PARTS))
            fix = f"did you mean {PREFIX}{name}.{meant}?" if meant else "remove it"
            yield at(option.origin.location, key, "is not known", fix)


class _Reader:
    """Reads one adapter, every problem gathered."""

    def __init__(self, settings: Settings, name: str, where: Location) -> None:
        self.problems: list[Problem] = []
        self._settings = settings
        self._name = name
        self._where = where

    def adapter(self) -> AdapterSettings | None:
        """The adapter; None where there are problems."""
        self._check_type()
        takes, template, ingest = self._takes(), self._template(), self._ingest()
        self._at_least_one("ingest.workers")
        self._at_least_one("stream.workers")
        length = self._at_least_one("queue_len")
        ack_seconds = self._duration("stream.ack_timeout")
        retry_seconds = (
            self._duration("stream.retry_for") if self._is_set("stream.retry_for") else 0
        )
        servers: Any = self._value("stream.servers")
        verify = bool(self._value("verify"))
        if self.problems or template is None:
            return None
        return AdapterSettings(
            name=self._name,
            takes=takes,
            ingest=ingest,
            template=template,
            servers=servers,
            queue_length=length,
            ack_seconds=ack_seconds,
            retry_seconds=retry_seconds or None,
            verify=verify,
        )

    def _check_type(self) -> None:
        kind = self._text("type")
        if kind == _GONE:
            self._refuse("type", f"{_GONE} is deprecated and gone", f"write {_TYPES[0]}")
        elif kind not in _TYPES:
            what = f"must be {' or '.join(_TYPES)}" + (f", not {kind!a}" if kind else "")
            self._refuse("type", what, f"write {_TYPES[0]}")

    def _takes(self) -> Takes:
        text = self._text("ingest.protocol")
        try:
            return Takes(text)
        except ValueError:
            self._refuse("ingest.protocol", f"must be request or reply, not {text!a}", "")
            return Takes.REPLIES

    def _ingest(self) -> str:
        text = self._text("ingest.topic")
        if not text:
            fix = "set it to the subject to read, as mcollective.broadcast.agent.registration"
            self._refuse("ingest.topic", "is missing", fix)
            return ""
        try:
            check_subject(text)
        except LocalProtocolError:
            self._refuse("ingest.topic", f"{text!a} is no subject", "use tokens joined by dots")
        return text

    def _template(self) -> SubjectTemplate | None:
        text = self._text("stream.topic") or self._name
        try:
            return SubjectTemplate(text)
        except LocalProtocolError:
            fix = "use tokens of visible ASCII joined by dots, and %s for the sender"
            self._refuse("stream.topic", f"{text!a} makes no subject", fix)
            return None

    def _at_least_one(self, part: str) -> int:
        number: Any = self._value(part)
        if number < 1:
            self._refuse(part, f"must be at least 1, not {number}", "")
        return int(number)

    def _duration(self, part: str) -> float:
        before = len(self.problems)
        seconds: Any = self._value(part)
        if seconds <= 0 and len(self.problems) == before:
            self._refuse(part, "must be longer than nothing", "write for example 5s")
        return float(seconds)

    def _text(self, part: str) -> str:
        return str(self._value(part))

    def _is_set(self, part: str) -> bool:
        return self._key(part) in self._settings.options

    def _value(self, part: str) -> object:
        """The value of a key, or its default where it is absent or cannot be read."""
        key = find(self._key(part))
        assert key is not None
        option = self._settings.options.get(self._key(part))
        if option is None:
            return key.default_value()
        read = key.kind.read(option.text, "")
        if isinstance(read, Refusal):
            self._refuse(part, read.text, read.fix)
            return key.default_value()
        return read

    def _refuse(self, part: str, text: str, fix: str) -> None:
        option = self._settings.options.get(self._key(part))
        where = option.origin.location if option else self._where
        self.problems.append(at(where, self._key(part), text, fix))

    def _key(self, part: str) -> str:
        return f"{PREFIX}{self._name}.{part}"
