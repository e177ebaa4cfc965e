"""Keys of the node, the client and the way to their brokers.  Pure."""

from typing import Final

from choria_core.network_config.keys import ALL, BOTH, CLIENT, SERVER, Key
from choria_core.network_config.kinds import (
    ADDRESSES,
    BOOLEAN,
    BYTES,
    DURATION,
    FACT_FILES,
    FOLDERS,
    INTEGER,
    LINES,
    LOG_FILE,
    MODE,
    PATH,
    SECONDS,
    TEXT,
    WORDS,
    OnError,
    choice,
    title_choice,
)

HIGHEST_PORT: Final = 65_535
LEAST_TTL: Final = 30
GREATEST_TTL: Final = 18_000

_REGO: Final = "policies are files of action_policy"
_AAASVC: Final = "permissions of a signing service are not read"
_LEVELS: Final = choice("debug", "info", "warn", "error", "fatal", on_error=OnError.KEEP)
_METHODS: Final = choice("mc", "broadcast", "puppetdb", "choria", "external", "inventory")
_AUTHORIZERS: Final = title_choice(
    "action_policy", or_plugin=True, rego_policy=_REGO, aaasvc=_AAASVC, aaasvc_policy=_AAASVC
)

NODE: Final = (
    Key("identity", TEXT, ALL, "name on the network; derived from the host's name where unset"),
    Key(
        "collectives",
        WORDS,
        BOTH,
        "collectives to be in; `mcollective`, or `choria` with the provider of that name",
    ),
    Key(
        "main_collective",
        TEXT,
        BOTH,
        "collective to ask where none is named; the first where unset",
    ),
    Key("logfile", LOG_FILE, ALL, "where the log goes", default="stdout"),
    Key("loglevel", _LEVELS, ALL, "least serious log lines to write", default="info"),
    Key("libdir", FOLDERS, BOTH, "folders with agents and their descriptions"),
    Key(
        "plugin.yaml",
        FACT_FILES,
        SERVER,
        "files of facts, YAML where they end in `.yaml`, else JSON; later ones win",
    ),
    Key(
        "classesfile",
        PATH,
        SERVER,
        "file with one class a line",
        default="/opt/puppetlabs/puppet/cache/state/classes.txt",
    ),
    Key(
        "soft_shutdown_timeout",
        SECONDS,
        SERVER,
        "time to end what is under way when stopping",
        default="2",
        minimum=0,
    ),
    Key(
        "plugin.choria.legacy_lifecycle_format",
        BOOLEAN,
        SERVER,
        "send lifecycle events without the CloudEvents envelope",
        default="false",
    ),
)

REGISTRATION: Final = (
    Key(
        "registration",
        WORDS,
        SERVER,
        "kinds of registration, as `file_content`, `inventory_content`, `choria`, `agentlist`; "
        "off where unset",
    ),
    Key(
        "registration_collective",
        TEXT,
        SERVER,
        "collective to register in; the main one where unset",
    ),
    Key(
        "registerinterval",
        SECONDS,
        SERVER,
        "time between two registrations; 0 for none at all",
        default="300",
        minimum=0,
    ),
    Key(
        "registration_splay",
        BOOLEAN,
        SERVER,
        "wait a random part of the interval before the first one",
        default="true",
    ),
    Key("plugin.choria.registration.file_content.data", PATH, SERVER, "file to send"),
    Key(
        "plugin.choria.registration.file_content.target",
        TEXT,
        SERVER,
        "subject to send it to, in place of the agent `registration`",
    ),
    Key(
        "plugin.choria.registration.file_content.compression",
        BOOLEAN,
        SERVER,
        "send it compressed by gzip",
        default="true",
    ),
    Key(
        "plugin.choria.registration.inventory_content.target",
        TEXT,
        SERVER,
        "subject to send the inventory to, in place of the agent `registration`",
    ),
    Key(
        "plugin.choria.registration.inventory_content.compression",
        BOOLEAN,
        SERVER,
        "send it compressed by gzip",
        default="true",
    ),
    Key(
        "plugin.choria.registration.file",
        PATH,
        SERVER,
        "file that the registration `choria` writes statistics to, `%s` standing for the node; "
        "`choria-stats.json` beside `logfile` where unset",
    ),
    Key(
        "plugin.choria.registration.prometheus_file",
        PATH,
        SERVER,
        "file that it writes them to for the textfile collector of node_exporter, as "
        "`/var/lib/node_exporter/choria.prom`; none where unset",
    ),
    Key(
        "plugin.choria.registration.size_trigger",
        BYTES,
        SERVER,
        "change of size that makes a registration come early; 0 for none",
        default="0",
        minimum=0,
    ),
    Key(
        "plugin.choria.registration.size_interval",
        SECONDS,
        SERVER,
        "time between two looks at the size",
        default="30",
        minimum=1,
    ),
)

AUDIT: Final = (
    Key("rpcaudit", BOOLEAN, SERVER, "write an audit log of requests", default="false"),
    Key(
        "rpcauditprovider",
        TEXT,
        SERVER,
        "the auditor; its name in any case",
        default="choria",
    ),
    Key("plugin.rpcaudit.logfile", PATH, SERVER, "the audit log"),
    Key("plugin.rpcaudit.logfile.group", TEXT, SERVER, "group that the audit log is given to"),
    Key(
        "plugin.rpcaudit.logfile.mode",
        MODE,
        SERVER,
        "mode that the audit log is made with",
        default="0600",
    ),
)

AUTHORIZATION: Final = (
    Key(
        "rpcauthorization", BOOLEAN, SERVER, "ask the authorizer before each action", default="true"
    ),
    Key(
        "rpcauthprovider",
        _AUTHORIZERS,
        SERVER,
        "the authorizer; its name in any case",
        default="action_policy",
    ),
    Key(
        "plugin.actionpolicy.allow_unconfigured",
        BOOLEAN,
        SERVER,
        "allow what no policy file speaks of",
        default="n",
    ),
    Key(
        "plugin.actionpolicy.enable_default",
        BOOLEAN,
        SERVER,
        "use a default policy for agents that have none",
        default="n",
    ),
    Key(
        "plugin.actionpolicy.default_name",
        TEXT,
        SERVER,
        "file name of the default policy, without `.policy`",
        default="default",
    ),
)

FIGURES: Final = (
    Key(
        "plugin.choria.stats_address",
        TEXT,
        SERVER,
        "address of the statistics over HTTP",
        default="127.0.0.1",
    ),
    Key(
        "plugin.choria.stats_port",
        INTEGER,
        SERVER,
        "port of the statistics; 0 for none",
        default="0",
        minimum=0,
        maximum=HIGHEST_PORT,
    ),
    Key("plugin.choria.status_file_path", PATH, SERVER, "status file, written again and again"),
    Key(
        "plugin.choria.status_update_interval",
        SECONDS,
        SERVER,
        "time between two status files",
        default="30",
        minimum=1,
    ),
)

REQUESTS: Final = (
    Key(
        "ttl",
        SECONDS,
        BOTH,
        "how long a request may be under way",
        default="60",
        minimum=LEAST_TTL,
        maximum=GREATEST_TTL,
    ),
    Key(
        "discovery_timeout",
        SECONDS,
        CLIENT,
        "how long discovery waits for answers",
        default="2",
        minimum=0,
    ),
    Key(
        "default_discovery_method",
        _METHODS,
        CLIENT,
        "how nodes are found; `mc` is `broadcast`, and `choria` asks PuppetDB as `puppetdb` does",
        default="mc",
    ),
    Key("default_discovery_options", LINES, CLIENT, "options of the discovery method, `key=value`"),
    Key(
        "plugin.choria.discovery.broadcast.windowed_timeout",
        BOOLEAN,
        CLIENT,
        "end discovery when answers stop to come",
        default="false",
    ),
    Key(
        "plugin.choria.discovery.external.command", PATH, CLIENT, "program of the method `external`"
    ),
    Key("plugin.choria.discovery.inventory.source", PATH, CLIENT, "file of the method `inventory`"),
    Key(
        "rpclimitmethod",
        choice("first", "random"),
        CLIENT,
        "which nodes a limit takes",
        default="first",
    ),
    Key(
        "plugin.choria.require_client_filter",
        BOOLEAN,
        CLIENT,
        "refuse requests without a filter",
        default="false",
    ),
    Key("color", BOOLEAN, CLIENT, "colours on a terminal", default="true"),
    Key(
        "plugin.choria.puppetdb_host",
        TEXT,
        CLIENT,
        "host of PuppetDB; by SRV records, or `puppet`, where unset",
    ),
    Key(
        "plugin.choria.puppetdb_port",
        INTEGER,
        CLIENT,
        "port of PuppetDB",
        default="8081",
        minimum=1,
        maximum=HIGHEST_PORT,
    ),
)

BROKERS: Final = (
    Key(
        "plugin.choria.middleware_hosts",
        ADDRESSES,
        ALL,
        "brokers; by SRV records, or `puppet:4222`, where unset",
    ),
    Key(
        "plugin.choria.use_srv",
        BOOLEAN,
        ALL,
        "look for brokers and PuppetDB in SRV records",
        default="true",
    ),
    Key(
        "plugin.choria.srv_domain",
        TEXT,
        ALL,
        "domain of the SRV records; the host's where unset",
        environment="CHORIA_SRV_DOMAIN",
    ),
    Key(
        "plugin.choria.federation.collectives",
        WORDS,
        BOTH,
        "federated collectives to ask; requests then go to the federation's brokers",
        environment="CHORIA_FED_COLLECTIVE",
    ),
    Key(
        "plugin.choria.federation_middleware_hosts",
        ADDRESSES,
        ALL,
        "brokers of the federation; by SRV records where unset",
    ),
    Key(
        "plugin.choria.network.connect_timeout",
        DURATION,
        BOTH,
        "longest time to reach one broker, TLS and login included",
        default="2s",
        minimum=0.001,
        maximum=120,
    ),
    Key(
        "plugin.nats.user",
        TEXT,
        BOTH,
        "user name shown to the broker",
        environment="MCOLLECTIVE_NATS_USERNAME",
    ),
    Key(
        "plugin.nats.pass",
        TEXT,
        BOTH,
        "password shown to the broker",
        environment="MCOLLECTIVE_NATS_PASSWORD",
        secret=True,
    ),
    Key(
        "plugin.nats.credentials",
        PATH,
        BOTH,
        "NATS credentials file shown to the broker",
        environment="MCOLLECTIVE_NATS_CREDENTIALS",
    ),
)

GENERAL: Final = (*NODE, *BROKERS, *REQUESTS, *REGISTRATION, *AUDIT, *AUTHORIZATION, *FIGURES)
