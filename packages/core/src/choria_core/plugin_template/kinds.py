"""The kinds of plugins that there are templates for."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from choria_core.config.value import nearest
from choria_core.errors import UsageError
from choria_core.plugins import Plugins
from choria_core.presentation.safe_text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginKind:
    """One kind.

    Attributes:
        word: what people type, and the folder of its template.
        noun: what it is called, with an article.
        module: of the package: the one that its author changes.
        summary: what the template does, in one line for those who look for a package.
        use: how to use what was written; words as in templates.
        taken: names that such plugins have already.
        reserved: names that mean something else where it is used.
        dependencies: beside choria-core.
        joint: between the words of its name.
    """

    word: str
    noun: str
    module: str
    summary: str
    use: str
    taken: Callable[[Plugins], Collection[str]]
    reserved: frozenset[str] = frozenset()
    dependencies: tuple[str, ...] = ()
    joint: str = "_"


_BOOK: Final = "choria playbook run BOOK"

_ALL: Final = (
    PluginKind(
        word="agent",
        noun="an agent",
        module="agent",
        summary="Greets people",
        use="choria rpc @name@ hello who=Jane, of servers that were started since",
        taken=Plugins.agents,
    ),
    PluginKind(
        word="registration",
        noun="a registration",
        module="registration",
        summary="Tells how long a node is up",
        use="registration = @name@, in the configuration of a server",
        taken=Plugins.registrations,
    ),
    PluginKind(
        word="auditing",
        noun="an auditor",
        module="auditor",
        summary="Keeps a line of JSON for each request",
        use="rpcaudit = true and rpcauditprovider = @name@, in the configuration of a server",
        taken=Plugins.auditors,
    ),
    PluginKind(
        word="data-store",
        noun="a data store",
        module="store",
        summary="Keeps values in the files of a folder",
        use=f"{_BOOK}, with type: @name@ below a name in its data_stores",
        taken=Plugins.data_stores,
    ),
    PluginKind(
        word="node-set",
        noun="a node set",
        module="node_set",
        summary="Finds the names of nodes in a file",
        use=f"{_BOOK}, with type: @name@ below a name in its nodes",
        taken=Plugins.node_sets,
    ),
    PluginKind(
        word="task",
        noun="a task",
        module="task",
        summary="Says something",
        use=f"{_BOOK}, with @name@: in its tasks",
        taken=Plugins.tasks,
        reserved=frozenset({"block", "parallel", "playbook", "tasks"}),
    ),
    PluginKind(
        word="command",
        noun="a command",
        module="command",
        summary="Greets somebody",
        use="choria @name@ Jane",
        taken=Plugins.commands,
        dependencies=("typer>=0.29",),
        joint="-",
    ),
)

KINDS: Final[Mapping[str, PluginKind]] = {kind.word: kind for kind in _ALL}
"""All of them by their words."""

_OTHER_WORDS: Final = {
    "audit": "auditing",
    "auditor": "auditing",
    "store": "data-store",
    "datastore": "data-store",
    "nodes": "node-set",
    "nodeset": "node-set",
    "rpc": "agent",
}


def kind_of(word: str) -> PluginKind:
    """The kind that somebody typed.

    Raises:
        UsageError: there is none of that name; names the one that may be meant.
    """
    kind = KINDS.get(word)
    if kind is not None:
        return kind
    plain = word.lower().replace("_", "-")
    meant = _OTHER_WORDS.get(plain) or nearest(plain, (*KINDS, *_OTHER_WORDS))
    meant = _OTHER_WORDS.get(meant, meant)
    hint = f"did you mean {meant}?" if meant else f"use one of: {', '.join(KINDS)}"
    raise UsageError(f"there is no kind of plugin {one_line(word)!r}; {hint}")
