"""What playbooks contribute to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, NodeSetPlugin, TaskPlugin, hookimpl


@hookimpl
def choria_commands() -> Iterable[Command]:
    """``choria playbook``."""
    return [
        Command("playbook", "choria_playbooks.commands.playbook:app", "Run YAML playbooks."),
    ]


@hookimpl
def choria_node_sets() -> Iterable[NodeSetPlugin]:
    """Kinds of node sets."""
    return [
        NodeSetPlugin("choria", "choria_playbooks.node_sets.discovery:DiscoveredNodes"),
        NodeSetPlugin("data", "choria_playbooks.node_sets.data_store:StoredNodes"),
        NodeSetPlugin("inventory", "choria_playbooks.node_sets.inventory:InventoryNodes"),
        NodeSetPlugin("mcollective", "choria_playbooks.node_sets.discovery:DiscoveredNodes"),
        NodeSetPlugin("pql", "choria_playbooks.node_sets.pql:PqlNodes"),
        NodeSetPlugin("shell", "choria_playbooks.node_sets.shell:ShellNodes"),
        NodeSetPlugin("terraform", "choria_playbooks.node_sets.terraform:TerraformNodes"),
        NodeSetPlugin("yaml", "choria_playbooks.node_sets.yaml_groups:YamlNodes"),
    ]


@hookimpl
def choria_tasks() -> Iterable[TaskPlugin]:
    """Kinds of tasks."""
    return [
        TaskPlugin("choria", "choria_playbooks.tasks.rpc:RpcTask"),
        TaskPlugin("data", "choria_playbooks.tasks.data:DataTask"),
        TaskPlugin("graphite_event", "choria_playbooks.tasks.graphite_event:GraphiteEventTask"),
        TaskPlugin("mcollective", "choria_playbooks.tasks.rpc:RpcTask"),
        TaskPlugin("mcollective_assert", "choria_playbooks.tasks.rpc_assert:RpcAssertTask"),
        TaskPlugin("shell", "choria_playbooks.tasks.shell:ShellTask"),
        TaskPlugin("slack", "choria_playbooks.tasks.slack:SlackTask"),
        TaskPlugin("webhook", "choria_playbooks.tasks.webhook:WebhookTask"),
    ]
