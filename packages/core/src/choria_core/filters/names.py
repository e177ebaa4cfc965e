"""Names of classes, agents and nodes, each literally or as ``/pattern/``.  Pure."""

from collections.abc import Sequence

from choria_core.filters.go_text import to_lower
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.patterns import metered_pattern, slashed


def class_matches(wanted: str, classes: Sequence[str], meter: Meter) -> bool:
    """Whether one of ``classes`` is it.

    A name is compared in lower case with classes as they are written: a class that
    is written with capitals is found by patterns alone, which ignore case.

    Raises:
        FilterError: the pattern is not usable.
    """
    text = slashed(wanted)
    if text is None:
        return to_lower(wanted) in classes
    pattern = metered_pattern(text, meter, ignore_case=True)
    return any(pattern.is_in(one, meter) for one in classes)


def agent_matches(wanted: str, agents: Sequence[str], meter: Meter) -> bool:
    """Whether one of ``agents`` is it; case counts.

    Raises:
        FilterError: the pattern is not usable.
    """
    text = slashed(wanted)
    if text is None:
        return wanted in agents
    pattern = metered_pattern(text, meter)
    return any(pattern.is_in(one, meter) for one in agents)


def identity_matches(wanted: str, identity: str, meter: Meter) -> bool:
    """Whether ``identity`` is it; case counts, and a pattern that is not usable is not it."""
    if wanted == identity:
        return True
    text = slashed(wanted)
    if text is None:
        return False
    try:
        return metered_pattern(text, meter).is_in(identity, meter)
    except FilterError:
        return False
