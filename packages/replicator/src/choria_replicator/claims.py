"""Who of one process writes to which target stream.

Most clashes are seen in the settings.  Entries that find their target by its
subject, or reach one by two names, can meet only once both sides were looked at.
"""

from dataclasses import dataclass, field

from choria_core.errors import ConfigError
from choria_core.nats.jetstream import StreamInfo
from choria_replicator.settings.model import StreamSettings, are_one_cluster
from choria_replicator.stream_identity import is_same_stream


@dataclass(frozen=True, slots=True)
class _Claim:
    settings: StreamSettings
    stream: str
    info: StreamInfo | None

    def clashes(self, other: "_Claim") -> bool:
        """Whether both entries would write to one stream, as far as can be told by now."""
        if self.settings == other.settings or self.stream != other.stream:
            return False
        if self.info is not None and other.info is not None:
            return is_same_stream(self.info, other.info)
        return are_one_cluster(self.settings.target, other.settings.target)


@dataclass(slots=True)
class Claims:
    """The target streams that the entries of a process write to."""

    _taken: list[_Claim] = field(default_factory=list)

    def claim(self, settings: StreamSettings, stream: str, info: StreamInfo | None) -> None:
        """Take the target ``stream`` for one entry, in place of what it had before.

        Args:
            settings: of the entry.
            stream: its name.
            info: what it says of itself; None while it is missing.

        Raises:
            ConfigError: another entry of this process has it.
        """
        wanted = _Claim(settings, stream, info)
        for taken in self._taken:
            if taken.clashes(wanted):
                raise ConfigError(
                    f"entries {taken.settings.entry} and {settings.entry} would both write to "
                    f"stream {stream} {_place(taken.settings, settings)}: "
                    "give one of them another target stream"
                )
        self._taken = [taken for taken in self._taken if taken.settings != settings]
        self._taken.append(wanted)


def _place(one: StreamSettings, other: StreamSettings) -> str:
    names = dict.fromkeys((str(one.target), str(other.target)))
    if len(names) == 1:
        return f"at {other.target}"
    return f"({' and '.join(names)} are the same cluster)"
