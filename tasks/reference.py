"""Write the generated pages of the reference: commands, configuration, metrics.

``python tasks/reference.py`` prints what docs/reference/commands.md must hold,
``--write`` writes it and its sisters.  Plugins other than our own are left out.
"""

import argparse
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import typer
import typer.core

from choria_core.cli import build
from choria_core.hookspecs import ENTRY_POINT_GROUP
from choria_core.network_config import reference as network_reference
from choria_core.plugins import DISABLE_VARIABLE, Plugins
from choria_emulator import options_reference as emulate_options
from choria_emulator.fleet import reference as fleet_reference
from choria_emulator.watch import metrics_reference as emulator_metrics
from choria_playbooks.reference import book_page, kinds_page
from choria_plugin_adapter import metrics_reference as adapter_metrics
from choria_replicator import metrics_reference as replicator_metrics
from choria_replicator.settings import reference as settings_reference

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
OWN_DISTRIBUTIONS = (
    "choria",
    "choria-core",
    "choria-emulator",
    "choria-playbooks",
    "choria-plugin-adapter",
    "choria-plugin-agentlist",
    "choria-plugin-consul",
    "choria-plugin-environment",
    "choria-plugin-etcd",
    "choria-plugin-file",
    "choria-plugin-file-content",
    "choria-plugin-inventory-content",
    "choria-plugin-json-audit",
    "choria-plugin-logfile-audit",
    "choria-plugin-memory",
    "choria-plugin-nats-kv",
    "choria-plugin-shell",
    "choria-plugin-stats",
    "choria-replicator",
)
WIDTH = "88"
INTRODUCTION = """\
# Commands

<!-- Made by tasks/reference.py from the program's own help; do not edit. -->

What `choria … --help` says of each command. An error is one line and an
[exit code](exit-codes.md); `--debug` may stand anywhere.
"""


def main() -> None:
    """Print the page of the commands, or write all pages."""
    parser = argparse.ArgumentParser(description="Write the reference.")
    parser.add_argument("--write", action="store_true", help="write the pages, print none")
    if parser.parse_args().write:
        (FOLDER / "commands.md").write_text(page())
        (FOLDER / "emulate-options.md").write_text(emulate_options.page())
        (FOLDER / "fleet-file.md").write_text(fleet_reference.page())
        (FOLDER / "network-configuration.md").write_text(network_reference.page())
        _write_playbook_pages()
        (FOLDER / "replicate-configuration.md").write_text(settings_reference.page())
        (FOLDER / "replicate-metrics.md").write_text(replicator_metrics.page())
        (FOLDER / "emulator-metrics.md").write_text(emulator_metrics.page())
        (FOLDER / "adapter-metrics.md").write_text(adapter_metrics.page())
    else:
        print(page(), end="")


def page() -> str:
    """The page of the commands."""
    sections = (f"\n## {' '.join(path)}\n\n{_block(path)}" for path in _paths())
    return INTRODUCTION + "".join(sections)


def _write_playbook_pages() -> None:
    plugins = _own_plugins()
    (FOLDER / "playbook-file.md").write_text(book_page.page())
    (FOLDER / "playbook-tasks.md").write_text(kinds_page.tasks_page(plugins))
    (FOLDER / "playbook-stores.md").write_text(kinds_page.stores_page(plugins))
    (FOLDER / "playbook-node-sets.md").write_text(kinds_page.node_sets_page(plugins))


def _own_plugins() -> Plugins:
    plugins = Plugins(disabled=_foreign())
    plugins.load_installed()
    return plugins


def _paths() -> list[tuple[str, ...]]:
    """The words of every command, groups before their members."""
    plugins = _own_plugins()
    program = build(plugins)
    return _below(program, typer.Context(program, info_name="choria", obj=plugins), ("choria",))


def _below(
    group: typer.core.TyperGroup, context: typer.Context, path: tuple[str, ...]
) -> list[tuple[str, ...]]:
    paths = [path]
    for name in group.list_commands(context):
        offered = group.get_command(context, name)
        if offered is None or offered.hidden:  # another name of a command that is listed
            continue
        _, command, _ = group.resolve_command(context, [name])
        inner = (*path, name)
        if isinstance(command, typer.core.TyperGroup):
            here = typer.Context(command, info_name=name, parent=context)
            paths += _below(command, here, inner)
        else:
            paths.append(inner)
    return paths


def _block(path: tuple[str, ...]) -> str:
    program = str(Path(sys.executable).parent / path[0])
    plain = {"COLUMNS": WIDTH, "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    environment = os.environ | plain | {DISABLE_VARIABLE: ",".join(_foreign())}
    words = [program, *path[1:], "--help"]
    told = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    lines = (line.rstrip() for line in told.stdout.strip("\n").splitlines())
    text = "\n".join(lines).strip("\n")
    return f"```text\n{text}\n```\n"


def _foreign() -> list[str]:
    """Plugins that other people's distributions bring."""
    points = entry_points(group=ENTRY_POINT_GROUP)
    return [point.name for point in points if _distribution(point.dist) not in OWN_DISTRIBUTIONS]


def _distribution(found: object) -> str:
    return str(getattr(found, "name", ""))


if __name__ == "__main__":
    main()
