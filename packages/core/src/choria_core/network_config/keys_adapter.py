"""Keys of the protocol adapter.  Pure.

It also reads what a server reads: who it is, its brokers, its security, where its monitor is.
"""

from typing import Final

from choria_core.network_config.keys import ADAPTER, NAME, Key
from choria_core.network_config.kinds import (
    ADDRESSES,
    BOOLEAN,
    DURATION,
    INTEGER,
    TEXT,
    WORDS,
    Kind,
)

_LIST: Final = "plugin.choria.adapters"
_ROWS: Final[tuple[tuple[str, Kind, str, str], ...]] = (
    ("type", TEXT, "`choria_streams`, also called `jetstream`; required", ""),
    ("ingest.topic", TEXT, "subject to read from; required", ""),
    ("ingest.protocol", TEXT, "what is read: `request` or `reply`", "reply"),
    (
        "ingest.workers",
        INTEGER,
        "parallel readers of the original; here each process has one, and processes share the work",
        "10",
    ),
    (
        "stream.servers",
        ADDRESSES,
        "brokers of the stream; the usual ones where unset",
        "",
    ),
    (
        "stream.topic",
        TEXT,
        "subject to write to, `%s` for the sender; the adapter's name where unset",
        "",
    ),
    (
        "stream.workers",
        INTEGER,
        "parallel writers of the original; here each process has one",
        "10",
    ),
    (
        "stream.ack_timeout",
        DURATION,
        "what the stream does not acknowledge for so long is published again; ours",
        "5s",
    ),
    (
        "stream.retry_for",
        DURATION,
        "for so long in all, then it counts as lost; half of the duplicate window if unset; ours",
        "",
    ),
    ("queue_len", INTEGER, "messages that may wait to be published; more are dropped", "1000"),
    (
        "verify",
        BOOLEAN,
        "take only what was signed by the node that sends it; ours",
        "false",
    ),
)

PARTS: Final = tuple(part for part, *_ in _ROWS)
"""What may stand behind the name of an adapter."""

ADAPTERS: Final = (
    Key(_LIST, WORDS, ADAPTER, "names of the adapters to run; letters, digits, `_` and `-`"),
    *(
        Key(f"plugin.choria.adapter.{NAME}.{part}", kind, ADAPTER, doc, default=default)
        for part, kind, doc, default in _ROWS
    ),
)
