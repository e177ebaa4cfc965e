"""Finds the nodes of a book, and makes certain that they are those that it wants."""

import contextlib
import random
from collections.abc import Mapping, Sequence

from choria_core.config.problems import key_path
from choria_core.config.yaml_nodes import MapNode
from choria_core.errors import ChoriaError, NodesError, WorkError
from choria_core.playbook.node_set import NodeSet
from choria_playbooks.book.model import BookCall, NodeSetSpec
from choria_playbooks.book.reading_places import complete_node_set
from choria_playbooks.book.walking import all_steps
from choria_playbooks.engine.events import Level, NodesFound
from choria_playbooks.engine.frame import BookContext
from choria_playbooks.engine.promises import error_words, sound_names
from choria_playbooks.engine.scope import BookScope, UnknownValueError
from choria_playbooks.engine.session import read_options, refuse_exposed
from choria_playbooks.engine.shares import rounded_up
from choria_playbooks.templates.filling import fill, fill_text
from choria_playbooks.templates.value_text import value_text


async def find_nodes(context: BookContext, *, prefix: str) -> None:
    """Look at the agents that a book uses, and find its nodes.

    Args:
        context: of the book; gets its ``nodes``.
        prefix: of the names of sets in events.

    Raises:
        NodesError: they are too few, do not answer, or lack agents.
        ConfigError: an agent is unknown here, or a set cannot work as it is written.
        ChoriaError: as of the kinds of sets.
    """
    uses = await _uses(context)
    if uses:
        from choria_playbooks.node_sets.checks import check_local_agents

        check_local_agents(context.session.bench, uses)
    specs: list[NodeSetSpec] = []
    for spec in context.book.nodes.values():
        try:
            specs.append(await _find(spec, context, prefix))
        except UnknownValueError:
            context.unknown_nodes.add(spec.name)
    if not prefix:
        _check_limit(context)
    if not context.session.is_rehearsal:
        await _test(specs, uses, context)


async def _uses(context: BookContext) -> Mapping[str, str]:
    scope = BookScope(context)
    uses: dict[str, str] = {}
    for agent, version in context.book.uses.items():
        with contextlib.suppress(UnknownValueError):
            uses[agent] = value_text(await fill_text(version, scope))
    return uses


async def _find(written: NodeSetSpec, context: BookContext, prefix: str) -> NodeSetSpec:
    """Find one set; what the book says of it, filled in."""
    session, scope = context.session, BookScope(context)
    spec = written
    if written.unfilled is not None:
        words = await fill(written.unfilled, scope)
        assert isinstance(words, MapNode), "it was one"
        spec = complete_node_set(written, words, context.book.schema)
    kind = session.node_set(spec.type)
    if session.is_rehearsal and not (session.request.resolve and getattr(kind, "is_passive", True)):
        raise UnknownValueError(f"nodes.{spec.name} are looked for when the book runs")
    options = await fill(spec.options, scope)
    assert isinstance(options, MapNode), "it was one"
    record = read_options(kind.Options, options, key_path("nodes", spec.name))
    refuse_exposed(record, session.masking)
    found = await _resolved(kind, record, spec, context)
    resume = session.request.resume
    earlier = resume.nodes.get(f"{prefix}{spec.name}", ()) if resume else ()
    names = _within_rules(spec, found, earlier)
    context.nodes[spec.name] = _within_limit(names, session.request.only_nodes)
    _tell(context, spec.name, prefix)
    return spec


async def _resolved(
    kind: NodeSet, options: object, spec: NodeSetSpec, context: BookContext
) -> Sequence[str]:
    try:
        found = await kind.resolve(options, context.session.bench, context.stores)
    except ChoriaError as error:
        if context.session.is_rehearsal:
            raise
        kinds = NodesError if isinstance(error, WorkError) else type(error)
        try:
            explained = kinds(f"node set {spec.name}: {error}")
        except TypeError:
            raise error from None
        raise explained from error
    except Exception as error:  # whatever a foreign kind raises
        words = error_words(error)
        raise WorkError(f"node set {spec.name} ({spec.type}): {words}") from error
    try:
        return sound_names(found)
    except WorkError as error:
        raise WorkError(f"node set {spec.name} ({spec.type}): {error}") from None


def _within_rules(
    spec: NodeSetSpec, found: Sequence[str], earlier: Sequence[str]
) -> tuple[str, ...]:
    """The nodes that the words of a set choose.

    Args:
        spec: of the set.
        found: what its source gave.
        earlier: chosen by the run that is resumed; chance keeps to them.

    Raises:
        NodesError: they are too few.
    """
    names = list(dict.fromkeys(found))
    if not names:
        if spec.empty_ok:
            return ()
        raise NodesError(spec.when_empty or f"node set {spec.name} has no nodes")
    if spec.limit is not None:
        count = rounded_up(spec.limit, len(names))
        if spec.random and count < len(names):
            names = _by_chance(names, count, earlier)
        names = names[:count]
    if len(names) < spec.at_least:
        raise NodesError(
            f"node set {spec.name} has {len(names)} nodes, and needs at least {spec.at_least}"
        )
    return tuple(names)


def _by_chance(names: Sequence[str], count: int, earlier: Sequence[str]) -> list[str]:
    present = frozenset(names)
    kept = [name for name in earlier if name in present][:count]
    others = sorted(present.difference(kept))
    return [*kept, *random.sample(others, count - len(kept))]


def _within_limit(names: tuple[str, ...], only: frozenset[str] | None) -> tuple[str, ...]:
    return names if only is None else tuple(name for name in names if name in only)


def _check_limit(context: BookContext) -> None:
    """Make certain that the operator's limit names nodes that the book has.

    Raises:
        NodesError: it names none of them, and no other book is called that may have some.
    """
    only, teller = context.session.request.only_nodes, context.session.teller
    if only is None or context.unknown_nodes:
        return
    strange = only.difference(*context.nodes.values())
    if not strange:
        return
    names = ", ".join(sorted(strange))
    calls_books = any(isinstance(placed.step, BookCall) for placed in all_steps(context.book))
    if strange == only and not calls_books:
        raise NodesError(f"no node set has any of {names}, which the run is limited to")
    teller.line(Level.WARN, "prep.nodes", f"no node set has {names}, which the run is limited to")


def _tell(context: BookContext, name: str, prefix: str) -> None:
    teller, nodes = context.session.teller, context.nodes[name]
    shown = tuple(teller.masking.text(node) for node in nodes)
    teller.tell(NodesFound(time=teller.now(), name=f"{prefix}{name}", nodes=shown))
    count = f"{len(nodes)} node{'' if len(nodes) == 1 else 's'}"
    teller.line(Level.INFO, "prep.nodes", f"node set {name} has {count}")


async def _test(
    specs: Sequence[NodeSetSpec], uses: Mapping[str, str], context: BookContext
) -> None:
    """Ask nodes whether they are there, and which agents they have, where a set wants it."""
    bench, teller, nodes = context.session.bench, context.session.teller, context.nodes
    tested = [name for spec in specs if spec.test for name in nodes[spec.name]]
    if tested:
        from choria_playbooks.node_sets.checks import test_connectivity

        names = tuple(dict.fromkeys(tested))
        teller.line(Level.INFO, "conn.test", f"asking {len(names)} nodes whether they answer")
        await test_connectivity(bench, names)
    wanted: dict[str, list[str]] = {}
    for spec in specs:
        for agent in spec.uses:
            wanted.setdefault(agent, []).extend(nodes[spec.name])
    if any(wanted.values()):
        from choria_playbooks.node_sets.checks import check_remote_agents

        teller.line(Level.INFO, "ddl.test", f"asking nodes for {', '.join(wanted)}")
        await check_remote_agents(bench, uses, wanted)
