"""Who vouches for the nodes whose messages an adapter verifies."""

from dataclasses import dataclass
from typing import Final

from choria_core.errors import ConfigError
from choria_core.network.party import token_trust, trusts_tokens, x509_files
from choria_core.network_config.server_config import ServerConfig
from choria_core.security.caller_rules import CallerRules
from choria_core.security.key_files import load_authorities
from choria_core.security.token_trust import TokenTrust
from choria_core.security.x509_trust import X509Trust
from choria_plugin_adapter.settings import AdapterSettings, Takes

KEY: Final = "plugin.choria.adapter.{name}.verify"


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


def check_signed(config: ServerConfig, settings: AdapterSettings) -> None:
    """Return when there are signatures that an adapter could verify.

    Raises:
        ConfigError: nothing is signed in this network.
    """
    if not config.security.protection.signed:
        raise ConfigError(
            f"{_place(config, settings)} nothing is signed in this network; unset "
            "INSECURE_YES_REALLY, or do not verify"
        )


def check_verifiable(config: ServerConfig, settings: AdapterSettings, trust: NodeTrust) -> None:
    """Return when an adapter that is to verify can.

    Raises:
        ConfigError: it cannot; says why.
    """
    place = _place(config, settings)
    if settings.takes is Takes.REPLIES and trust.tokens is None:
        raise ConfigError(
            f"{place} replies of protocol version 1 are not signed and cannot be verified; set "
            "plugin.security.choria.trusted_signers or plugin.security.issuer.names for replies "
            "of version 2, or do not verify"
        )
    if trust.x509 is None and trust.tokens is None:
        raise ConfigError(f"{place} nobody is trusted; set plugin.security.file.ca")


def _place(config: ServerConfig, settings: AdapterSettings) -> str:
    key = KEY.format(name=settings.name)
    option = config.settings.options.get(key)
    return f"{option.origin.location}: {key}:" if option else f"{key}:"
