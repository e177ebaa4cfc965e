"""The reference page of the replicator's metrics, made from the families themselves.

Run as a module, it prints the page.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Final, get_args

from choria_replicator.metrics import FAMILIES, Family
from choria_replicator.stats import State

_HEAD: Final = """\
# Metrics of `choria replicate`

<!-- Made by tasks/reference.py; a test holds it to the code. -->

`/metrics` of the port that `monitor_port:` or `monitor:` names. Sample names and types are the
originals', so that their dashboards find them; a counter begins at 0 with the process.

A source message counts when it is settled, and once: it is then *copied*, the target having
confirmed it, or *sampled away*, and what was read is the sum of both. Copies that were stored
without their confirmation arriving are counted when the target is found to hold them. A pool's
process counts what it copied itself; a copy that another process stored before it was killed is
counted by none. What is the whole pool's, lag and senders, stands with its first worker.

Where the originals' labels contradict their documentation, the documentation wins: `name` is the
replicator and `worker` the entry, not the reverse, and `stream` is the source stream, not the
consumer. A family without a sample is left out, as in the originals: those of sampling, where
nothing is sampled.
"""

_STATES: Final[Mapping[State, str]] = {
    "starting": "no copy was begun: a side is not connected yet",
    "copying": "messages come, or wait",
    "idle": "nothing came lately, and nothing waits",
    "resyncing": "interrupted: the copy goes back to the target's last message, again and again "
    "until it can go on",
    "failed": "ended by an error",
    "stopped": "ended as told, or by `--once`",
}

ABSENT: Final[Mapping[str, str]] = {
    "stream_replicator_advisories_timeout": "comes with age advisories",
    "stream_replicator_advisories_recover": "comes with age advisories",
    "stream_replicator_advisories_expire": "comes with age advisories",
    "stream_replicator_advisories_errors": "comes with age advisories",
    "choria_stream_replicator_replicator_too_old_messages": "comes with `max_age`",
    "choria_stream_replicator_replicator_meta_parse_failed_count": (
        "there is nothing to count: what the source's server says of a message is always readable"
    ),
    "choria_stream_replicator_limiter_messages_copy_forced_count": (
        "comes with `inspect_force_field`"
    ),
    "choria_stream_replicator_tracker_seen_by_gossip": (
        "there is no gossip: what is copied follows from the source alone"
    ),
    "choria_stream_replicator_advisor_total_messages": "comes with age advisories",
    "choria_stream_replicator_advisor_publish_errors": "comes with age advisories",
    "choria_stream_replicator_election_campaigns": "comes with leader election",
    "choria_stream_replicator_election_leader": "comes with leader election",
    "choria_stream_replicator_election_interval_seconds": "comes with leader election",
    "choria_stream_replicator_heartbeat_subjects_count": "comes with heartbeats",
    "choria_stream_replicator_heartbeat_published_count": "comes with heartbeats",
    "choria_stream_replicator_heartbeat_published_error_count": "comes with heartbeats",
    "choria_stream_replicator_heartbeat_publish_time": "comes with heartbeats",
    "choria_stream_replicator_heartbeat_paused": "comes with heartbeats",
}
"""What the originals have and we have not, and why."""

_SECTIONS: Final = (
    ("The older original's", "stream_replicator_"),
    ("The current original's", "choria_stream_replicator_"),
    ("New ones", "choria_replicator_"),
)


def page() -> str:
    """The page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterable[str]:
    yield from _HEAD.splitlines()
    for title, prefix in _SECTIONS:
        yield from ("", f"## {title}", "", "| name | type | labels | |", "|---|---|---|---|")
        yield from (_row(family) for family in FAMILIES if family.name.startswith(prefix))
    labels = "`replicator`, `state`, `stream`, `worker`"
    yield f"| `choria_replicator_state` | gauge | {labels} | 1 for the present state, else 0 |"
    yield from ("", "## States", "", "| state | |", "|---|---|")
    yield from (f"| `{state}` | {_STATES[state]} |" for state in get_args(State))
    yield from (
        "",
        "`/healthz` calls an entry unwell while it is `failed` or `resyncing`, and while a side",
        "cannot be connected, at the start as later, from the first failed attempt on.",
        "",
        "## Connections and the process",
        "",
        "`choria_core_connection_changes_total` and `choria_core_connection_up` tell of each",
        "connection, and `process_…` of the process, on Linux.",
    )
    yield from ("", "## Not there", "", "| name | why |", "|---|---|")
    yield from (f"| `{name}` | {why} |" for name, why in ABSENT.items())


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.doc} |"


if __name__ == "__main__":
    sys.stdout.write(page())
