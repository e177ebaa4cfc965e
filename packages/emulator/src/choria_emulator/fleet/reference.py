"""The reference page of the fleet file, made from its records.

Run as a module, it prints the page.
"""

from collections.abc import Iterable
from typing import Final

from choria_core.config.schema import Row, describe
from choria_emulator.fleet.records import FleetFile, GroupSettings, NodeSettings

HEAD: Final = """\
# The fleet file of `choria emulate`

<!-- Made by `python -m choria_emulator.fleet.reference`; a test holds it to the code. -->

`choria emulate --fleet FILE` runs the nodes that a YAML file describes, in groups. What a
group does not say, the top of the file says for all groups; what neither says, the options
of the command line. `choria emulate --schema` prints the JSON schema of the file, for
editors that help while writing.

```yaml
# yaml-language-server: $schema=fleet.schema.json
seed: 42
agents: 10
latency: 20ms±10ms
groups:
  web:
    count: 40000
    collectives: [mcollective, de]
    classes: ["role::web", {choice: ["canary", null], shares: [1%, 99%]}]
    facts:
      fqdn: ${identity}.example.net
      country: {choice: {de: 70%, mt: 30%}}
      processors:
        count: {choice: [2, 4, 64]}
  db:
    count: 500
    profile: stock
    inventory: nodes.json
    drop: 0.1%
    slow: 1%:5s
```

A file is read as a whole: everything that is wrong with it is said at once, each with its
line and what to write instead. Keys that are not known are refused. Two groups that would
give nodes the same name are refused, too: they need another `prefix`, or an `offset`.

## Values

* **Shares** are per cent, `0.1%`, or a part of one, `0.001`.
* **`latency`** is a duration and how far it varies: between 10 and 30 ms for `20ms±10ms`,
  evenly; `20ms+-10ms` says the same. `0s` takes back what the top of the file says.
* **`slow`** is a share of the nodes and what they add to their latency; a second, unless it
  is said.
* **`churn`** is a share of the nodes and a time: `1%/m`, `5%/h`. They lose their connection
  without a farewell and come back under the same name.
* **`registration`** is a duration; `0s` is never.
* **`servers`** are `host:port`, or `nats://host:port`.

Which nodes and requests chance picks is said, with the formula, in
[what chance decides](../explanation/emulator-chance.md).

## Facts

`facts` is a template: plain YAML, in which some texts and mappings are more than they are.

| written | becomes |
|---|---|
| `${identity}`, `${group}` | the name of the node, or of its group; within a text, too |
| `${number}` | the number in the node's name; a number where it stands alone |
| `{choice: [a, b, c]}` | one of them, each as likely; each may be a template |
| `{choice: {a: 20%, b: 80%}}` | one of them, with these shares, which make 100% |
| `{choice: [1, 2], shares: [20%, 80%]}` | the same for what is not text |
| `{range: [1, 64]}` | a whole number, both ends included; any number for `[0.0, 1.0]` |
| `{literal: …}` | what stands there, as it is |

`classes` is a list of texts and such templates; what becomes null or empty is no class.

`inventory` names a file with facts and classes of real nodes instead: the first node has
those of the first in the file, and so on; after the last comes the first again. It may be
an inventory file as [discovery](discovery-methods.md) reads it, the output of
`choria rpc rpcutil inventory -j`, a list of nodes or a mapping of their names, each with
`facts` and `classes` or facts alone; as JSON, JSON lines or, by its name, YAML.

Nodes of which nothing is said have facts from a small template of the emulator's own.

## Keys
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join(_parts())


def _parts() -> Iterable[str]:
    common = [row.key for row in describe(NodeSettings)]
    own = [row for row in describe(GroupSettings) if row.key not in common]
    top = [row for row in describe(FleetFile) if "." not in row.key and row.key not in common]
    yield HEAD
    yield "At the top of the file:\n"
    yield _table(top)
    yield "In a group, that is below `groups` and its name:\n"
    yield _table(own)
    yield "In a group, or at the top for all groups:\n"
    yield _table(describe(NodeSettings))


def _table(rows: Iterable[Row]) -> str:
    lines = ["| key | value | what it is for |", "|---|---|---|"]
    for row in rows:
        doc = f"{row.doc}; required" if row.default == "required" else row.doc
        lines.append(f"| `{row.key}` | {_KINDS.get(row.key, row.type)} | {doc} |")
    return "\n".join(lines) + "\n"


_KINDS: Final = {
    "collectives": "whole number or list of names",
    "classes": "list of texts and templates",
    "facts": "template",
}


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  # the page is what this program is for
