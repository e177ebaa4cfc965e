"""Node sets of type ``terraform``: an output of a Terraform state."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

import msgspec

from choria_core.config.schema import Setting
from choria_core.errors import ConfigError, WorkError
from choria_core.playbook.options import SECONDS
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.node_names import check_node_names
from choria_playbooks.node_sets.programs import LEAST_SECONDS, output_of, path_in

_is_output: Final = re.compile(r"[\w][\w-]*").fullmatch
_LISTS: Final = frozenset(("list", "set", "tuple"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformNodesOptions:
    """An output of a state."""

    statefile: Annotated[str, Setting("file of the state", exposed=True)]
    output: Annotated[str, Setting("name of an output that lists hosts", exposed=True)]
    terraform: Annotated[
        str, Setting("the program; looked up in PATH where it names no folder", exposed=True)
    ] = "terraform"
    timeout: Annotated[
        float, Setting("how long it may take", grammar=SECONDS, minimum=LEAST_SECONDS)
    ] = 60.0

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        for key, text in (("statefile", self.statefile), ("terraform", self.terraform)):
            if not text.strip() or "\0" in text:
                yield key, f"names no file: {text!a}", "give its name"
        if not _is_output(self.output):
            text = f"is no name of an output: {self.output!a}"
            yield "output", text, "use letters, digits, - and _"


class TerraformNodes:
    """Nodes that Terraform made; no shell reads what the book says."""

    Options: ClassVar[type] = TerraformNodesOptions
    is_passive: ClassVar[bool] = False

    async def resolve(
        self,
        options: TerraformNodesOptions,
        bench: Workbench,
        stores: Stores,  # noqa: ARG002 - of the protocol
    ) -> Sequence[str]:
        """Names, in the order of the output.

        Raises:
            ConfigError: the state cannot be read.
            WorkError: Terraform failed, took too long, or gives no list.
            NodesError: the list has what are no names of hosts.
        """
        state = path_in(bench, options.statefile)
        if not os.access(state, os.R_OK):
            raise ConfigError(f"the Terraform state {state} cannot be read; correct statefile")
        program = options.terraform
        if "/" in program:
            program = str(path_in(bench, program))
        words = (program, "output", "-state", str(state), "-json", options.output)
        lines = await output_of(bench, words, name=program, timeout_seconds=options.timeout)
        source = f"output {options.output} of {state}"
        return check_node_names(_listed("\n".join(lines), source), source)


def _listed(text: str, source: str) -> list[str]:
    """The texts of an output: bare, as Terraform prints it now, or with its type, as of old.

    Raises:
        WorkError: it is no list of texts.
    """
    try:
        value: Any = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise WorkError(f"{source} is no JSON: {error}") from error
    if isinstance(value, dict) and "value" in value and _is_list_type(value.get("type")):
        value = value["value"]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise WorkError(f"{source} is no list of texts")
    return value


def _is_list_type(kind: object) -> bool:
    """``list``, or as newer ones have it ``["list", "string"]``."""
    name = kind[0] if isinstance(kind, list) and kind else kind
    return isinstance(name, str) and name in _LISTS
