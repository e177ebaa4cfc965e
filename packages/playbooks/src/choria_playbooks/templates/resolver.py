"""Who knows what markers stand for.  Pure."""

from datetime import UTC, datetime
from typing import Protocol

from choria_core.errors import ConfigError
from choria_playbooks.conditions.paths import MISSING, descend
from choria_playbooks.templates.marker import Form, Marker
from choria_playbooks.templates.strftime import strftime


class Resolver(Protocol):
    """The values of one step of a run.

    Attributes:
        dialect: which markers there are, LEGACY or STRICT.
    """

    @property
    def dialect(self) -> int:
        """As above."""

    async def value(self, marker: Marker) -> object:
        """What a marker stands for now, asked anew each time: what JSON can hold.

        It is copied before anyone may change it.

        Raises:
            ConfigError: there is nothing like it; the place is added by who asks.
            ChoriaError: a store failed.
        """


def part_of(value: object, marker: Marker, *, after: int = 1) -> object:
    """What the rest of a marker's path leads to in ``value``.

    Args:
        value: of the input, step, item or argument.
        marker: that asks.
        after: so many parts of the path led to ``value``: 0 for ``item``.

    Raises:
        ConfigError: nothing is there.
    """
    for end in range(after, len(marker.path)):
        value = descend(value, marker.path[end : end + 1])
        if value is MISSING:
            parent = ".".join((marker.form, *marker.path[:end]))
            raise ConfigError(f"{parent} has nothing called {marker.path[end]}")
    return value


def date_text(marker: Marker, now: datetime) -> str:
    """The text of a ``date`` or ``utc_date`` marker.

    Args:
        marker: that asks.
        now: with a time zone; the one that ``date`` is told in.
    """
    moment = now.astimezone(UTC) if marker.form is Form.UTC_DATE else now
    return strftime(moment, marker.argument)
