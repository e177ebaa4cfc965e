"""Who of one process writes to which target stream.

Most clashes are seen in the settings; entries that find their target by its
subject can meet only once both sides were looked at.
"""

from dataclasses import dataclass, field

from choria_core.errors import ConfigError
from choria_replicator.settings.model import StreamSettings, are_one_cluster


@dataclass(slots=True)
class Claims:
    """The target streams that the entries of a process write to."""

    _taken: list[tuple[StreamSettings, str]] = field(default_factory=list)

    def claim(self, settings: StreamSettings, stream: str) -> None:
        """Take the target ``stream`` for one entry; again does no harm.

        Raises:
            ConfigError: another entry of this process has it.
        """
        for other, taken in self._taken:
            if other == settings and taken == stream:
                return
            if taken == stream and are_one_cluster(other.target, settings.target):
                raise ConfigError(
                    f"entries {other.entry} and {settings.entry} would both write to stream "
                    f"{stream} at {settings.target}: give one of them another target stream"
                )
        self._taken.append((settings, stream))
