"""Who of one process writes to which target stream.

Most clashes are seen in the settings.  Entries that find their target by its
subject, or reach one by two names, can meet only once both sides were looked at.
"""

from dataclasses import dataclass, field

from choria_core.errors import ConfigError
from choria_replicator.settings.model import StreamSettings, are_one_cluster
from choria_replicator.stream_identity import is_same_stream
from choria_replicator.survey import Found


@dataclass(frozen=True, slots=True)
class _Claim:
    settings: StreamSettings
    found: Found

    def clashes(self, other: "_Claim") -> bool:
        """Whether both entries would write to one stream, as far as can be told by now."""
        one, another = self.found, other.found
        if self.settings == other.settings or one.name != another.name:
            return False
        if one.info is not None and another.info is not None:
            return is_same_stream(one.info, another.info)
        mine, others = self.settings.target, other.settings.target
        is_one_server = one.server_id == another.server_id != ""
        return are_one_cluster(mine, others) or (
            is_one_server and mine.credentials == others.credentials
        )


@dataclass(slots=True)
class Claims:
    """The target streams that the entries of a process write to."""

    _taken: list[_Claim] = field(default_factory=list)

    def claim(self, settings: StreamSettings, found: Found) -> None:
        """Take a target stream for one entry, in place of what it had before.

        Raises:
            ConfigError: another entry of this process has it.
        """
        wanted = _Claim(settings, found)
        for taken in self._taken:
            if taken.clashes(wanted):
                raise ConfigError(
                    f"entries {taken.settings.entry} and {settings.entry} would both write to "
                    f"stream {found.name} {_place(taken.settings, settings)}: "
                    "give one of them another target stream"
                )
        self._taken = [taken for taken in self._taken if taken.settings != settings]
        self._taken.append(wanted)


def _place(one: StreamSettings, other: StreamSettings) -> str:
    names = dict.fromkeys((str(one.target), str(other.target)))
    if len(names) == 1:
        return f"at {other.target}"
    return f"({' and '.join(names)} are the same cluster)"
