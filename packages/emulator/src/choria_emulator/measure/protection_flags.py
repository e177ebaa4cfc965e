"""A configuration with its protection as the flags say.  Pure."""

from dataclasses import replace

from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.protection import Protection, Tls


def with_protection(config: ClientConfig, *, tls: bool, verify: bool, secure: bool) -> ClientConfig:
    """The configuration, whatever it and the environment say of protection.

    Args:
        config: as it was read.
        tls: connect with TLS.
        verify: check the broker's certificate.
        secure: sign requests and check signatures.
    """
    wanted = Protection(signed=secure, tls=Tls.MUTUAL if tls else Tls.OFF, verify_tls=verify)
    return replace(config, security=replace(config.security, protection=wanted))
