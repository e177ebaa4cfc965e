"""A filter as both versions write it.  Pure."""

from typing import Any

from msgspec import Struct

from choria_core.protocol.messages import FactFilter, Filter


class FilterDocument(Struct, frozen=True, gc=False, kw_only=True):
    """The wire names of a filter; only ``agent`` may be missing."""

    fact: tuple[FactFilter, ...]
    cf_class: tuple[str, ...]
    agent: tuple[str, ...] = ()
    identity: tuple[str, ...]
    compound: tuple[tuple[dict[str, Any], ...], ...]

    def filter(self) -> Filter:
        """What it says."""
        return Filter(
            facts=self.fact,
            classes=self.cf_class,
            agents=self.agent,
            identities=self.identity,
            compounds=self.compound,
        )


def filter_document(asked: Filter) -> FilterDocument:
    """How ``asked`` is written."""
    return FilterDocument(
        fact=asked.facts,
        cf_class=asked.classes,
        agent=asked.agents,
        identity=asked.identities,
        compound=asked.compounds,
    )
