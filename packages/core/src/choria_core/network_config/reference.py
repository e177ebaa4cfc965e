"""The reference page of the Choria configuration, made from the table of keys.

Run as a module, it prints the page.
"""

from collections.abc import Iterable

from choria_core.network_config.keys import Key, Side, Support
from choria_core.network_config.keys_absent import ABSENT
from choria_core.network_config.keys_adapter import ADAPTERS
from choria_core.network_config.keys_general import (
    AUDIT,
    AUTHORIZATION,
    BROKERS,
    FIGURES,
    NODE,
    REGISTRATION,
    REQUESTS,
)
from choria_core.network_config.keys_network import NETWORK
from choria_core.network_config.keys_security import NOT_HERE, PROVIDER, TRUST

_HEAD = """\
# Configuration of the Choria network

<!-- Made by `python -m choria_core.network_config.reference`; a test holds it to the code. -->

Servers and clients read the files of the original Choria.  `choria tool config` prints every
key with its value and the place it comes from; `--server --config FILE` does so for a server.

## Lines

```ini
# a comment has a line of its own
identity = node1.example.net
plugin.choria.middleware_hosts = broker1.example.net:4222, broker2.example.net:4222
```

A line is `key = value`.  The key ends at the first `=`, the value is the rest of the line.
There are no quotes, sections or includes.  A line without `=` or without a value is ignored,
with a warning.

## Places

Later places win:

1. the main file: `--config`, which a server must have; for a client else the first there is of
   `~/.choriarc`, `~/.mcollective`, `/etc/choria/client.conf`, `/usr/local/etc/choria/client.conf`
   and `/etc/puppetlabs/mcollective/client.cfg`;
2. `plugin.d/*.cfg` beside it, in order of name, unless the main file is below the home folder.
   Each key in `plugin.d/NAME.cfg` begins with `plugin.NAME.`; in `plugin.d/choria.cfg`,
   `use_srv = false` is `plugin.choria.use_srv = false`.  A `.conf` file there is not read, with
   a warning;
3. for clients that do not run as root, `choria.conf` in every folder from the root down to the
   working folder;
4. the environment.

## Values

* **True or false**: `1`, `yes`, `true`, `y`, `t`, or `0`, `no`, `false`, `n`, `f`, in any case.
* **Durations**: a bare number is seconds; else `500ms`, `30s`, `1h30m`, or one number with `d`,
  `w`, `M` (30 days) or `y` (365 days).
* **Lists** by commas replace what stood before; lists by lines add to it.
* **Paths** may begin with `~/`.

A value that cannot be read is never passed over in silence.  Where the original would go on
with the value that holds anyway, so do we, with a warning that names file, line, key and fix;
everywhere else the program does not start.

Keys that are not known are kept for plugins.  One that is a single typo away from a known key
is warned of.

## Environment

| variable | means |
|---|---|
"""

_VARIABLES = """\
| `MCOLLECTIVE_CERTNAME` | the name that certificates know a caller or server by |
| `INSECURE_YES_REALLY` | `true`: no signatures, no TLS |
| `INSECURE_DISABLE_TLS` | `true`: no TLS |
| `INSECURE_ANON_TLS` | `true`: no certificate is shown, and the broker's is not checked |
| `USER`, `HOME` | the caller's name, and where its files are |

A variable that is set to nothing counts as not set.
"""

_UNSUPPORTED = """\
Asking for what is marked *refused* keeps the program from starting; the rest is warned of
where it is set to something else than its default."""

_ADAPTER = """\
`choria adapter run` reads these beside what a server reads; see
[how to feed a stream](../howto/feed-a-stream-from-registration.md)."""

_BROKER = """\
`choria broker run` has options of its own and takes nats-server's configuration; these keys
come later."""

_SECTIONS: tuple[tuple[str, str, tuple[Key, ...]], ...] = (
    ("Node", "", NODE),
    ("Way to the brokers", "", BROKERS),
    ("Requests and discovery", "", REQUESTS),
    ("Registration", "", REGISTRATION),
    ("Audit", "", AUDIT),
    ("Authorization", "", AUTHORIZATION),
    ("Statistics and status", "", FIGURES),
    ("Keys and certificates", "", PROVIDER),
    ("Trust", "", TRUST),
    ("Not supported", _UNSUPPORTED, (*NOT_HERE, *ABSENT)),
    ("Protocol adapter", _ADAPTER, ADAPTERS),
    ("Choria's broker", _BROKER, NETWORK),
)

_SIDES = {
    Side.SERVER: "server",
    Side.CLIENT: "client",
    Side.BROKER: "broker",
    Side.ADAPTER: "adapter",
}


def page() -> str:
    """The whole page, in Markdown."""
    keys = [key for _, _, section in _SECTIONS for key in section if key.environment]
    variables = "".join(f"| `{key.environment}` | `{key.name}` |\n" for key in keys)
    return _HEAD + variables + _VARIABLES + "".join(_section(*parts) for parts in _SECTIONS)


def _section(title: str, text: str, keys: Iterable[Key]) -> str:
    return "\n\n".join(part for part in (f"\n## {title}", text, _table(keys)) if part)


def _table(keys: Iterable[Key]) -> str:
    lines = ["| key | value | default | read by | what it is for |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_line, keys)]) + "\n"


def _line(key: Key) -> str:
    default = f"`{key.kind.show(key.default_value())}`" if key.default else "none"
    readers = " ".join(word for side, word in _SIDES.items() if side & key.sides)
    supported = "" if key.support is Support.NOW else f" (*{_support(key)}*)"
    cells = (f"`{key.name}`", key.kind.name, default, readers or "nobody", key.doc + supported)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _support(key: Key) -> str:
    return f"{key.support.value}, refused" if key.refused else key.support.value


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  # the page is what this program is for
