"""The loop one writes first: fetch one, publish it, acknowledge it.

``python -m … SOURCE_URL TARGET_URL STREAM`` runs it for ever.
"""

import asyncio
import sys

import nats

from bench.kit.child import module_command


def plain_loop_command(source_url: str, target_url: str, stream: str) -> tuple[str, ...]:
    """The program that copies ``stream``."""
    return module_command(__name__, source_url, target_url, stream)


async def _copy(source_url: str, target_url: str, stream: str) -> None:
    source = await nats.connect(source_url)
    target = await nats.connect(target_url)
    subscription = await source.jetstream().pull_subscribe("", durable="plain-loop", stream=stream)
    jetstream = target.jetstream()
    while True:
        [message] = await subscription.fetch(1)
        await jetstream.publish(message.subject, message.data, headers=message.headers)
        await message.ack()


if __name__ == "__main__":
    asyncio.run(_copy(*sys.argv[1:]))
