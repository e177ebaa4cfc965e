"""Keys of what the original has beside the network: known, and refused or warned of.  Pure."""

from typing import Final

from choria_core.network_config.keys import CLIENT, NOBODY, SERVER, Key, Support
from choria_core.network_config.kinds import (
    BOOLEAN,
    DURATION,
    FOLDERS,
    INTEGER,
    PATH,
    TEXT,
    WORDS,
)

NEVER: Final = Support.NEVER
LATER: Final = Support.LATER

REFUSED: Final = (
    Key(
        "plugin.choria.submission.spool",
        PATH,
        SERVER,
        "folder of messages to submit to the network",
        support=LATER,
        refused=True,
    ),
    Key(
        "plugin.choria.submission.max_spool_size",
        INTEGER,
        SERVER,
        "most messages of one priority in that folder",
        default="500",
        support=LATER,
    ),
    Key(
        "plugin.choria.server.provision",
        BOOLEAN,
        SERVER,
        "start by being provisioned",
        default="false",
        support=NEVER,
        refused=True,
    ),
    Key(
        "plugin.choria.server.provision.allow_update",
        BOOLEAN,
        SERVER,
        "let the provisioner replace the program",
        default="false",
        support=NEVER,
        refused=True,
    ),
    Key(
        "plugin.regopolicy.tracing",
        BOOLEAN,
        SERVER,
        "trace the authorizer `rego_policy`",
        default="n",
        support=NEVER,
    ),
)

AGENTS: Final = (
    Key(
        "plugin.choria.agent_provider.mcorpc.agent_shim",
        PATH,
        SERVER,
        "program that runs Ruby agents",
        support=NEVER,
    ),
    Key(
        "plugin.choria.agent_provider.mcorpc.config",
        PATH,
        SERVER,
        "configuration for Ruby agents",
        support=NEVER,
    ),
    Key(
        "plugin.choria.agent_provider.mcorpc.libdir",
        FOLDERS,
        SERVER,
        "folders of Ruby agents",
        support=NEVER,
    ),
    Key(
        "plugin.choria.executor.enabled",
        BOOLEAN,
        SERVER,
        "run the agent for long commands",
        default="false",
        support=NEVER,
    ),
    Key("plugin.choria.executor.spool", PATH, SERVER, "folder of that agent", support=NEVER),
    Key(
        "plugin.choria.services.registry.store",
        PATH,
        SERVER,
        "folder of descriptions that a registry service hands out",
        support=LATER,
    ),
    Key(
        "plugin.choria.services.registry.cache",
        PATH,
        CLIENT,
        "folder for descriptions from a registry",
        environment="CHORIA_REGISTRY",
        support=LATER,
    ),
    Key(
        "plugin.choria.prometheus_textfile_directory",
        PATH,
        SERVER,
        "folder for figures that another exporter reads",
        support=LATER,
    ),
)

AUTONOMOUS: Final = (
    Key("plugin.choria.machine.store", PATH, SERVER, "folder of autonomous agents", support=NEVER),
    Key(
        "plugin.choria.machine.signing_key",
        TEXT,
        SERVER,
        "public key of autonomous agents' data",
        support=NEVER,
    ),
    Key(
        "plugin.choria.machine.http_port",
        INTEGER,
        SERVER,
        "port to speak to autonomous agents",
        support=NEVER,
    ),
    Key(
        "plugin.machines.download",
        BOOLEAN,
        SERVER,
        "fetch autonomous agents while running",
        support=NEVER,
    ),
    Key(
        "plugin.machines.bucket",
        TEXT,
        SERVER,
        "bucket that names what to fetch",
        default="CHORIA_PLUGINS",
        support=NEVER,
    ),
    Key(
        "plugin.machines.key", TEXT, SERVER, "key in that bucket", default="plugins", support=NEVER
    ),
    Key(
        "plugin.machines.purge",
        BOOLEAN,
        SERVER,
        "remove autonomous agents that came otherwise",
        default="true",
        support=NEVER,
    ),
    Key(
        "plugin.machines.poll_interval",
        DURATION,
        SERVER,
        "time between two looks at the bucket",
        default="1m",
        support=NEVER,
    ),
    Key(
        "plugin.machines.check_interval",
        DURATION,
        SERVER,
        "time between two checks of what was fetched",
        default="30s",
        support=NEVER,
    ),
    Key(
        "plugin.machines.signing_key", TEXT, SERVER, "public key of what is fetched", support=NEVER
    ),
    Key(
        "plugin.scout.agent_disabled",
        BOOLEAN,
        NOBODY,
        "go without the agent `scout`, as we always do",
    ),
    Key("plugin.scout.overrides", PATH, SERVER, "overrides of scout checks", support=NEVER),
    Key("plugin.scout.tags", PATH, SERVER, "tags for scout", support=NEVER),
    Key(
        "plugin.scout.goss.denied_local_resources",
        WORDS,
        SERVER,
        "goss resources refused to local files",
        support=NEVER,
    ),
    Key(
        "plugin.scout.goss.denied_remote_resources",
        WORDS,
        SERVER,
        "goss resources refused to callers",
        default="command",
        support=NEVER,
    ),
)

PUPPET: Final = (
    Key(
        "plugin.choria.puppetserver_host",
        TEXT,
        NOBODY,
        "host of the Puppet server",
        default="puppet",
    ),
    Key(
        "plugin.choria.puppetserver_port",
        INTEGER,
        NOBODY,
        "port of the Puppet server",
        default="8140",
    ),
    Key(
        "plugin.choria.puppetca_host",
        TEXT,
        NOBODY,
        "host of Puppet's authority, to enrol",
        default="puppet",
    ),
    Key(
        "plugin.choria.puppetca_port",
        INTEGER,
        NOBODY,
        "port of Puppet's authority, to enrol",
        default="8140",
    ),
)

ABSENT: Final = (*REFUSED, *AGENTS, *AUTONOMOUS, *PUPPET)
