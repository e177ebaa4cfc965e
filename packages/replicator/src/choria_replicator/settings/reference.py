"""The reference page of the replicator's configuration, made from its records.

Run as a module, it prints the page.
"""

from collections.abc import Iterable

from choria_core.config.schema import Row, describe
from choria_replicator.settings.streams import StreamsFile
from choria_replicator.settings.topics import TopicsFile

_HEAD = """\
# Configuration of `choria replicate`

<!-- Made by `python -m choria_replicator.settings.reference`; a test holds it to the code. -->

A configuration file is YAML, in one of two dialects: `streams:`, the current one, or
`topics:`, that of the first releases of the original replicator.  A file holds one of them.
`choria replicate --config FILE --check` reads a file and says what it would do.

Keys that are not known are warned of, with the nearest known one.  Keys marked *later* are
known, and a file that sets them to anything but their default is refused until the release
that brings them: nothing is ignored in silence.

## Values

* **Durations** under `streams:` take a number with `w`, `d`, `M` (30 days) or `y`
  (365 days), or what Go takes: `500ms`, `1h30m`.  `M` is a month and `m` a minute.  Under
  `topics:` only what Go takes.
* **NATS URLs** are separated by commas.  Options follow a question mark:
  `credentials=FILE`, `jwt=FILE` with `nkey=FILE`, `tls_handshake_first=true`,
  `insecure=true`, `connect_timeout=5s`, and `ping_interval=20s`: a server that hangs is
  left for the next one after three intervals without an answer.
* **Field paths** name a field of a JSON body: `host`, `facts.fqdn`, `disks.0.name`; a
  backslash takes the next character literally, as in `a\\.b`.  Queries and wildcards are refused.
* **Log file and state folder**: the last folder of the path is made where it is missing,
  state folders with mode 0700.  Where the folder above it is missing too, the file is refused
  with exit code 2 and the command that would make it.  `--pid` goes by the same rule.
* **TLS blocks** are not merged: the innermost one that is given counts as a whole.

## Sampling

With a field and an interval, the first message of each sender is copied, then one per interval;
of several processes in a pool, each does so for itself.
Intervals are measured on the source's timestamps.  Messages that are not JSON, or lack the
field, are always copied.  A field without an interval, or the reverse, samples nothing, and is
warned of.

## Where a copy begins

A copy resumes behind what its target holds.  Only when there is nothing to resume does a start
setting count; of several the first in this order: `start_at_end`, `start_sequence`,
`start_delta`, `start_time`; without any, the oldest message.
"""

_STREAMS = """\
## `streams:`

```yaml
name: central
state_store: /var/lib/choria-replicator
monitor_port: 8080
streams:
  - stream: NODES
    source_url: nats://broker.dc1.example:4222
    target_url: nats://broker.central.example:4222
    target_subject_prefix: dc1
    inspect_field: host
    inspect_duration: 1h
```
"""

_TOPICS = """\
## `topics:`

```yaml
state_dir: /var/lib/choria-replicator
topics:
  cmdb:
    topic: acme.cmdb
    source_url: nats://source1:4222,nats://source2:4222
    source_cluster_id: dc1
    target_url: nats://target1:4222,nats://target2:4222
    target_cluster_id: dc2
    inspect: host
    age: 1h
```

Each entry runs on JetStream: the source stream is the one that holds the subject.  The name
of an entry in metrics is `<key>_<topic>_stream_replicator` unless `name` is given, its queue
group `<topic>_stream_replicator_grp`, the dots of the topic replaced by `_`.
"""


def page() -> str:
    """The whole page, in Markdown."""
    parts = (_HEAD, _STREAMS, _table(describe(StreamsFile)), _TOPICS, _table(describe(TopicsFile)))
    return "\n".join(parts)


def _table(rows: Iterable[Row]) -> str:
    lines = ["| key | value | default | what it is for |", "|---|---|---|---|"]
    hidden: list[str] = []
    for row in rows:
        if any(row.key.startswith(prefix) for prefix in hidden):
            continue
        if row.later and row.type == "block":
            hidden.append(f"{row.key}.")
        lines.append(_line(row))
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    default = row.default if row.default in ("required", "none") else f"`{row.default}`"
    default = "empty" if row.default in ("", '""') else default
    doc = f"{row.doc} (*later*: {row.later})" if row.later else row.doc
    cells = (f"`{row.key}`", row.type, default, doc)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  # the page is what this program is for
