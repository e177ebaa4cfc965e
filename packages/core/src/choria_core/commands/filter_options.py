"""The options of client commands that say which nodes are meant, and how they are found."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from choria_core.discovery.request import DiscoveryRequest
    from choria_core.network_config.client_config import ClientConfig
    from choria_core.protocol.messages import Filter

NODES = "Which nodes"
FINDING = "How they are found"

Texts = list[str] | None


@dataclass(frozen=True)
class NetworkOptions:
    """Which network is asked."""

    config: Annotated[
        Path | None,
        typer.Option("--config", help="Main file; the user's own without.", dir_okay=False),
    ] = None
    federations: Annotated[
        str,
        typer.Option(metavar="NAMES", help="Ask through these federations, with commas between."),
    ] = ""


@dataclass(frozen=True)
class FilterOptions:
    """What nodes must match; each may be given several times."""

    facts: Annotated[
        Texts,
        typer.Option(
            "--wf",
            "-F",
            metavar="FACT",
            help="Nodes with this fact, as os.name=Linux.",
            rich_help_panel=NODES,
        ),
    ] = None
    classes: Annotated[
        Texts,
        typer.Option(
            "--wc",
            "-C",
            metavar="CLASS",
            help="Nodes with this class, or a /pattern/.",
            rich_help_panel=NODES,
        ),
    ] = None
    agents: Annotated[
        Texts,
        typer.Option(
            "--wa", "-A", metavar="AGENT", help="Nodes with this agent.", rich_help_panel=NODES
        ),
    ] = None
    identities: Annotated[
        Texts,
        typer.Option(
            "--wi",
            "-I",
            metavar="NODE",
            help="The node of this name, or a /pattern/.",
            rich_help_panel=NODES,
        ),
    ] = None
    combined: Annotated[
        Texts,
        typer.Option(
            "--with",
            "-W",
            metavar="FILTER",
            help="Facts and classes with blanks between, as 'apache country=mt'.",
            rich_help_panel=NODES,
        ),
    ] = None
    expression: Annotated[
        str,
        typer.Option(
            "--select",
            "-S",
            metavar="EXPR",
            help="Nodes of which this expression is true, as 'with(\"apache\")'.",
            rich_help_panel=NODES,
        ),
    ] = ""
    collective: Annotated[
        str,
        typer.Option(
            "--target",
            "-T",
            metavar="COLLECTIVE",
            help="Nodes of this collective.",
            rich_help_panel=NODES,
        ),
    ] = ""
    method_options: Annotated[
        Texts,
        typer.Option(
            "--do",
            metavar="KEY=VALUE",
            help="Option of the discovery method.",
            rich_help_panel=FINDING,
        ),
    ] = None


@dataclass(frozen=True)
class SelectionOptions:
    """How nodes are found."""

    method: Annotated[
        str,
        typer.Option(
            "--dm",
            metavar="METHOD",
            help="Discovery method: mc, choria, file, external, inventory, or a plugin's.",
            rich_help_panel=FINDING,
        ),
    ] = ""
    nodes: Annotated[
        Path | None,
        typer.Option(
            help="File that names the nodes: text, .json or .yaml.",
            exists=True,
            dir_okay=False,
            rich_help_panel=FINDING,
        ),
    ] = None
    discovery_timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0, help="Longest wait for nodes.", rich_help_panel=FINDING
        ),
    ] = None
    discovery_window: Annotated[
        bool,
        typer.Option(
            "--discovery-window",
            help="Stop looking soon after the last answer.",
            rich_help_panel=FINDING,
        ),
    ] = False
    expect: Annotated[
        int,
        typer.Option(
            metavar="COUNT",
            min=0,
            show_default=False,
            help="Stop looking when so many answered.",
            rich_help_panel=FINDING,
        ),
    ] = 0


def discovery_request(
    config: "ClientConfig",
    filters: FilterOptions,
    selection: SelectionOptions | None = None,
    *,
    piped: bytes = b"",
) -> "DiscoveryRequest":
    """What the options ask for.

    Args:
        config: knows the collectives.
        filters: which nodes.
        selection: how they are found; as configured without.
        piped: what was read from standard input.

    Raises:
        UsageError: a fact, a pattern, an expression, an option or the collective is wrong.
    """
    from choria_core.commands.filter_check import check_filter
    from choria_core.discovery.request import BROADCAST, DiscoveryRequest, options_of

    selection = selection or SelectionOptions()
    request = DiscoveryRequest(
        filter=node_filter(filters),
        collective=_known_collective(filters.collective, config),
        method=selection.method,
        options=options_of(tuple(filters.method_options or ()), source="--do"),
        timeout_seconds=selection.discovery_timeout,
        windowed=selection.discovery_window or None,
        expected=selection.expect,
        nodes_file=selection.nodes,
        piped=piped,
    )
    method = request.completed(config).method
    _check_options(method, request.options or {})
    if method in BROADCAST:
        check_filter(request.filter)
    return request


def _check_options(method: str, options: "Mapping[str, str]") -> None:
    from choria_core.discovery.request import unknown_options
    from choria_core.errors import UsageError

    unknown = unknown_options(method, options)
    if unknown:
        raise UsageError(
            f"--do: the discovery method {method} has no option {unknown[0]!r}; "
            "choose with --dm the method that it is for"
        )


def node_filter(filters: FilterOptions) -> "Filter":
    """What nodes must match.

    Raises:
        UsageError: a fact is malformed.
    """
    from choria_core.filters.grammar import parse_filter

    return parse_filter(
        facts=filters.facts or (),
        classes=filters.classes or (),
        identities=filters.identities or (),
        agents=filters.agents or (),
        combined=filters.combined or (),
        expressions=[filters.expression],
    )


def _known_collective(name: str, config: "ClientConfig") -> str:
    from choria_core.errors import UsageError

    if name and name not in config.collectives:
        known = ", ".join(config.collectives)
        raise UsageError(
            f"collective {name!r} is none of this client's: {known}; "
            f"add it to collectives in {config.file}"
        )
    return name
