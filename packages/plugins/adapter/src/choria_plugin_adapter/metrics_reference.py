"""The reference page of the adapter's metrics, made from the families themselves.

Run as a module, it prints the page.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Final

from choria_core.errors import Refusal
from choria_plugin_adapter.adapter_metrics import ORIGINAL, OURS, Family
from choria_plugin_adapter.intake import STOPPED, SUBJECT
from choria_plugin_adapter.outbox import REFUSED, TOO_LARGE, UNACKNOWLEDGED
from choria_plugin_adapter.unwrapping import MALFORMED

_HEAD: Final = """\
# Metrics of `choria adapter`

<!-- Made by tasks/reference.py; a test holds it to the code. -->

`/metrics`, `/choria/metrics` and `/choria/prometheus` of the port that `plugin.choria.stats_port`
or `--monitor-port` names. Names, types and labels are the original's where it has the metric, with
one difference: `name` is the adapter, where the original has a series for each of its workers.
Every sample also has the label `identity`. Counters begin at 0 with the process.

Each message that came in is counted once more, sooner or later: published, refused, dropped or
lost.
"""

REFUSALS: Final[Mapping[str, str]] = {
    MALFORMED: "no message of the protocol, not of the kind that is read, or with a name that "
    "must not become a subject",
    SUBJECT: "the subject made of its sender would be longer than 255 characters",
    Refusal.UNSIGNED: "nobody signed it",
    Refusal.BAD_SIGNATURE: "the signature is not that of its certificate's or token's key",
    Refusal.UNTRUSTED: "nobody whom we trust vouches for its certificate or token, or nobody is "
    "trusted in its protocol version",
    Refusal.WRONG_NAME: "its certificate or token is another's",
    Refusal.WRONG_PURPOSE: "its certificate or token is for something else",
    Refusal.WRONG_KEY: "its certificate's or token's key is of a kind that is not used here",
    Refusal.DELEGATED: "a delegate signed it",
    Refusal.EXPIRED: "it is older than its time to live or than the adapter, or its certificate "
    "or token has expired",
    Refusal.NOT_YET_VALID: "it, its certificate or its token is from the future",
    Refusal.REPLAYED: "it was taken before",
    Refusal.OVERLOADED: "there is no room to remember it, so that it could come again",
}
"""By reason; all but the first two come with ``verify`` alone."""

LOSSES: Final[Mapping[str, str]] = {
    UNACKNOWLEDGED: "published again and again, and not acknowledged in time",
    REFUSED: "refused by the stream for good, as when it is larger than the stream allows",
    TOO_LARGE: "larger than the stream's server takes",
    STOPPED: "still waiting when the adapter had to end",
}


def page() -> str:
    """The page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterable[str]:
    yield from _HEAD.splitlines()
    yield from _table("The original's", ORIGINAL)
    yield from _table("New ones", OURS)
    yield from ("", "## Reasons", "", "Of `choria_adapter_refused_msgs`:", "", "| reason | |")
    yield from ("|---|---|", *(f"| `{reason}` | {what} |" for reason, what in REFUSALS.items()))
    yield from ("", "Of `choria_adapter_lost_msgs`:", "", "| reason | |")
    yield from ("|---|---|", *(f"| `{reason}` | {what} |" for reason, what in LOSSES.items()))
    yield from (
        "",
        "## Health",
        "",
        "`/healthz` calls an adapter unwell while one of its two connections is down or the broker",
        "forbids what it must do, while no stream takes its subjects, and while the stream can",
        "take nothing, as when it is full.  A single message that it refuses is counted and",
        "logged.",
        "",
        "## Connections and the process",
        "",
        "`choria_core_connection_changes_total` and `choria_core_connection_up` tell of each",
        "connection, and `process_…` of the process, on Linux.",
    )


def _table(title: str, families: Iterable[Family]) -> Iterable[str]:
    yield from ("", f"## {title}", "", "| name | type | labels | |", "|---|---|---|---|")
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.doc} |"


if __name__ == "__main__":
    sys.stdout.write(page())
