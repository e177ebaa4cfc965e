"""A process of a pool, for tests that kill it: its arguments are one JSON object.

At the end it writes a line with its counters.
"""

import asyncio
import json
import sys
from typing import Any

from choria_core.event_loop import run_until_stopped
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_replicator.ordered.ordered_copy import Surroundings
from choria_replicator.pool.pool_copy import PoolCopy, Side
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.settings.model import Pool, Sampling, StreamSettings
from choria_replicator.stats import StreamStats


def settings_from(options: dict[str, Any]) -> StreamSettings:
    """The entry that the options mean."""
    sampling = None
    if "interval_ms" in options:
        sampling = Sampling(FieldPath.parse("host"), options["interval_ms"])
    return StreamSettings(
        entry="REG",
        dialect="topics",
        site=options["name"],
        worker=options["name"],
        source=parse_endpoint(options["source"]),
        target=parse_endpoint(options["target"]),
        filter_subject="reg",
        sampling=sampling,
        pool=Pool(options["workers"], "reg_grp"),
    )


async def main(stop: asyncio.Event, options: dict[str, Any]) -> None:
    """Run until stopped."""
    settings = settings_from(options)
    stats = [
        StreamStats(stream="", site=settings.site, worker=settings.worker_name(index))
        for index in range(options["workers"])
    ]

    async def connected(side: Side, name: str) -> LeanTransport:
        endpoint = settings.source if side == "source" else settings.target
        return await connect(endpoint, name=name, no_echo=True)

    pool = PoolCopy(
        settings,
        Surroundings(instance=options["name"], once=options.get("once", False)),
        stats,
        connect=connected,
        ack_wait_seconds=options.get("ack_wait", 30.0),
    )
    await pool.run(stop)
    sys.stdout.write(json.dumps({"copied": sum(one.copied_messages for one in stats)}) + "\n")


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    run_until_stopped(lambda stop: main(stop, given))
