"""Whether a fleet is up, and if not, what is missing."""

from typing import Final

from choria_core.presentation.safe_text import one_line
from choria_core.telemetry.monitor import Check, Health
from choria_emulator.watch.figures import FleetFigures

_LONGEST_FAILURE: Final = 200


def health_of(figures: FleetFigures | None) -> Health:
    """Well once every node is ready and the brokers know of all subscriptions.

    Nodes that churn has cut are not missed.

    None is for a fleet of which nothing is known yet.
    """
    if figures is None:
        return Health((Check("fleet", is_ok=False, detail="starting"),))
    return Health(
        (
            _check_of("connections", figures.connected, figures, "connected"),
            _check_of("subscriptions", figures.ready, figures, "ready"),
            Check("fleet", is_ok=figures.is_ready, detail=_readiness(figures)),
        )
    )


def last_failure(figures: FleetFigures) -> str:
    """Why an attempt to connect failed lately, of the first process that tells; or empty."""
    told = next((one.last_failure for one in figures.workers if one.last_failure), "")
    return one_line(told[:_LONGEST_FAILURE])


def _check_of(name: str, count: int, figures: FleetFigures, state: str) -> Check:
    is_ok = count + figures.absent >= figures.wanted
    detail = f"{count:,} of {figures.wanted:,} nodes are {state}"
    if figures.absent:
        detail += f", {figures.absent:,} were cut as planned and are on their way back"
    failure = last_failure(figures)
    if not is_ok and failure:
        detail += f"; the last attempt to connect failed: {failure}"
    return Check(name, is_ok, detail)


def _readiness(figures: FleetFigures) -> str:
    if figures.is_ready:
        return figures.stage
    if figures.stage == "stopping":
        return "stopping"
    if figures.ready >= figures.wanted:
        return f"{figures.stage}: the brokers do not know of each other's subscriptions yet"
    return f"{figures.stage}: not all nodes are ready"
