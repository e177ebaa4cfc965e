"""Who vouches for the nodes whose messages an adapter verifies."""

from dataclasses import dataclass

from choria_core.errors import ConfigError
from choria_core.network.party import token_trust, trusts_tokens, x509_files
from choria_core.network_config.server_config import ServerConfig
from choria_core.security.caller_rules import CallerRules
from choria_core.security.key_files import load_authorities
from choria_core.security.token_trust import TokenTrust
from choria_core.security.x509_trust import X509Trust
from choria_plugin_adapter.settings import AdapterSettings, Takes

KEY = "plugin.choria.adapter.{name}.verify"


@dataclass(frozen=True, slots=True)
class NodeTrust:
    """Who vouches for nodes in each protocol version; None where nobody does."""

    x509: X509Trust | None
    tokens: TokenTrust | None


def node_trust(config: ServerConfig) -> NodeTrust:
    """Whom a configuration believes.

    The providers ``puppet`` and ``file`` bring authorities; beside ``choria`` those of
    ``plugin.security.file.ca`` count.  Signers or issuers of tokens count with each.

    Raises:
        ConfigError: a file is missing or unusable.
    """
    security = config.security
    file = security.file.ca
    if security.provider != "choria":
        file = x509_files(security, config.certname).authorities
    x509 = X509Trust(load_authorities(file), CallerRules()) if file is not None else None
    return NodeTrust(x509, token_trust(security) if trusts_tokens(security) else None)


def check_verifiable(config: ServerConfig, settings: AdapterSettings, trust: NodeTrust) -> None:
    """Return when an adapter that is to verify can.

    Raises:
        ConfigError: it cannot; says why.
    """
    option = config.settings.options.get(KEY.format(name=settings.name))
    where = f"{option.origin.location}: " if option else ""
    prefix = f"{where}{KEY.format(name=settings.name)}:"
    if not config.security.protection.signed:
        raise ConfigError(
            f"{prefix} nothing is signed in this network; unset INSECURE_YES_REALLY, or do not "
            "verify"
        )
    if settings.takes is Takes.REPLIES and trust.tokens is None:
        raise ConfigError(
            f"{prefix} replies of protocol version 1 are not signed and cannot be verified; set "
            "plugin.security.choria.trusted_signers or plugin.security.issuer.names for replies "
            "of version 2, or do not verify"
        )
    if trust.x509 is None and trust.tokens is None:
        raise ConfigError(f"{prefix} nobody is trusted; set plugin.security.file.ca")
