"""What tests and benches do to streams, and no program of ours ever does."""

from collections.abc import Mapping
from typing import Any

import msgspec

from choria_core.nats.jetstream import JetStream, StreamInfo


class _Success(msgspec.Struct):
    success: bool
    purged: int = 0


class StreamAdmin(JetStream):
    """A JetStream whose streams can be changed and emptied."""

    async def update_stream(self, config: Mapping[str, Any]) -> StreamInfo:
        """Change a stream's configuration."""
        return await self._call(f"STREAM.UPDATE.{config['name']}", dict(config), StreamInfo)

    async def delete_stream(self, name: str) -> None:
        """Remove a stream and all it holds."""
        await self._call(f"STREAM.DELETE.{name}", None, _Success)

    async def purge_stream(self, name: str, **options: Any) -> int:
        """Remove messages (all, or by ``filter``, ``seq``, ``keep``); returns how many."""
        return (await self._call(f"STREAM.PURGE.{name}", options, _Success)).purged

    async def delete_message(self, name: str, sequence: int) -> None:
        """Remove one message."""
        await self._call(f"STREAM.MSG.DELETE.{name}", {"seq": sequence}, _Success)
