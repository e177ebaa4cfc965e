"""What a configuration key is.  Pure."""

import enum
import re
from dataclasses import KW_ONLY, dataclass
from typing import Final

from choria_core.network_config.kinds import Kind

NAME: Final = "<name>"
"""Stands in a key for a name of the operator's choice."""


class Side(enum.Flag):
    """Who reads a key."""

    SERVER = enum.auto()
    CLIENT = enum.auto()
    BROKER = enum.auto()
    ADAPTER = enum.auto()


SERVER: Final = Side.SERVER
CLIENT: Final = Side.CLIENT
BROKER: Final = Side.BROKER
ADAPTER: Final = Side.ADAPTER
BOTH: Final = SERVER | CLIENT
ALL: Final = BOTH | BROKER
NOBODY: Final = Side(0)
"""What only other programs read from the same files."""


class Support(enum.Enum):
    """Whether a key does what it says."""

    NOW = "yes"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration files.

    Attributes:
        name: as it stands in a file; may hold :data:`NAME`.
        kind: the type of its value.
        sides: who reads it.
        doc: what it is for.
        default: as one would write it; empty for none.
        environment: the variable that overrides every file; empty for none.
        minimum, maximum: of a number, inclusive; of a duration in seconds.
        secret: the value is never shown.
        support: whether it works.
        refused: where it does not work: whether to refuse to start when it is asked
            for, rather than to warn and go on without.
    """

    name: str
    kind: Kind
    sides: Side
    doc: str
    _: KW_ONLY
    default: str = ""
    environment: str = ""
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    support: Support = Support.NOW
    refused: bool = False

    @property
    def is_pattern(self) -> bool:
        """Whether the name holds :data:`NAME`."""
        return NAME in self.name

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the keys of this pattern; its group is the name."""
        before, _, behind = self.name.partition(NAME)
        return re.compile(re.escape(before) + "(.+)" + re.escape(behind))

    def default_value(self) -> object:
        """The value where nothing is set."""
        return self.kind.read(self.default, "") if self.default else self.kind.empty
