"""What would be done, as far as it can be known without doing anything."""

from typing import Any

from choria_core.config.yaml_nodes import MapNode
from choria_core.errors import ChoriaError, WorkError
from choria_playbooks.book.model import TaskSpec
from choria_playbooks.engine.frame import Frame
from choria_playbooks.engine.nodes_left import NO_NODES, NoNodesError, require_nodes
from choria_playbooks.engine.scope import StepScope, UnknownValueError
from choria_playbooks.engine.session import read_options, refuse_exposed
from choria_playbooks.templates.filling import fill, markers_in
from choria_playbooks.templates.marker import Marker

_SHOWN = 5


class KnownScope(StepScope):
    """As a step sees things; markers whose values are not known yet stay as they are."""

    async def value(self, marker: Marker) -> object:
        """See :class:`choria_playbooks.templates.resolver.Resolver`."""
        try:
            return await super().value(marker)
        except UnknownValueError:
            return marker.text


async def fill_known(node: MapNode, frame: Frame) -> MapNode:
    """``node`` with those markers filled in that are known.

    Raises:
        InvalidConfigError: a marker can never have a value.
    """
    filled = await fill(node, KnownScope(frame))
    assert isinstance(filled, MapNode), "it was one"
    return filled


async def foretell(spec: TaskSpec, frame: Frame) -> str:
    """What a task would do, in one line.

    Raises:
        InvalidConfigError: its options are wrong.
        PluginError: its kind cannot be loaded.
        WorkError: its kind broke.
    """
    session, schema = frame.session, frame.context.book.schema
    task: Any = session.task(spec.type)
    node = await fill_known(spec.options, frame)
    try:
        require_nodes(spec, node, frame)
    except NoNodesError:
        return NO_NODES
    options = read_options(task.Options, node, spec.id, unfilled=schema)
    if options is None:
        left = dict.fromkeys(marker.text for marker, _where in markers_in(node, schema))
        shown = ", ".join(list(left)[:_SHOWN])
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        return f"would be done; known only then: {shown}{more}"
    refuse_exposed(options, session.masking)
    try:
        return str(task.foretell(options))
    except ChoriaError:
        raise
    except Exception as error:  # whatever a foreign kind raises
        raise WorkError(f"{type(error).__name__}: {error}") from error
