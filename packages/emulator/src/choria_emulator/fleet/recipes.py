"""Where the facts of emulated nodes come from: a template, or nodes that exist.  Pure.

What a template may hold is said in :mod:`choria_emulator.fleet.templates`.
"""

from typing import Any, Final

from msgspec import Struct


class TemplateFacts(Struct, frozen=True, tag="template"):
    """Facts written as a template; see :mod:`choria_emulator.fleet.templates`."""

    facts: dict[str, Any]


class InventoryFacts(Struct, frozen=True, tag="inventory"):
    """Facts of real nodes: the first node has those of the first, and so on, again and again.

    Attributes:
        rows: facts; not empty.
        classes: of the same nodes; empty where none of them has any.
    """

    rows: tuple[dict[str, Any], ...]
    classes: tuple[tuple[str, ...], ...] = ()


FactRecipe = TemplateFacts | InventoryFacts

STANDARD_FACTS: Final = TemplateFacts(
    {
        "fqdn": "${identity}",
        "hostname": "${identity}",
        "fleet_group": "${group}",
        "country": {"choice": {"de": "40%", "mt": "25%", "nl": "20%", "us": "15%"}},
        "environment": {"choice": {"production": "80%", "staging": "15%", "development": "5%"}},
        "kernel": "Linux",
        "os": {
            "choice": [
                {"family": "Debian", "name": "Debian", "release": {"major": "12"}},
                {"family": "Debian", "name": "Ubuntu", "release": {"major": "24.04"}},
                {"family": "RedHat", "name": "AlmaLinux", "release": {"major": "9"}},
            ],
            "shares": ["45%", "15%", "40%"],
        },
        "processors": {"count": {"choice": [2, 4, 8, 16]}},
        "memory_gb": {"choice": [4, 8, 16, 32, 64]},
    }
)
"""What nodes have of whom nothing else is said: enough that filters match a part of them."""
