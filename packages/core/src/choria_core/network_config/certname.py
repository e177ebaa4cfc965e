"""The name that certificates know a server or a caller by.  Pure."""

from typing import Final

from choria_core.config.problems import InvalidConfigError, Location, at
from choria_core.network_config.host import Host
from choria_core.network_config.settings import Settings

CERTNAME_VARIABLE: Final = "MCOLLECTIVE_CERTNAME"
USER_SUFFIX: Final = "mcollective"


def server_certname(settings: Settings, host: Host) -> str:
    """The name of a server: the environment's, else its identity."""
    return host.environment.get(CERTNAME_VARIABLE) or str(settings["identity"])


def client_certname(settings: Settings, host: Host) -> str:
    """The name of a caller: the environment's, else made of the user's name.

    Raises:
        InvalidConfigError: the user has no name, and the provider needs one.
    """
    named = host.environment.get(CERTNAME_VARIABLE)
    provider = settings["plugin.security.provider"]
    if named and provider != "choria":
        return named
    if provider == "file" and (host.is_root or not host.user):
        return str(settings["identity"])
    if not host.user:
        text = f"is not set, and the provider {provider} names the caller by it"
        problem = at(Location("environment variable USER"), "", text, "set it")
        raise InvalidConfigError([problem])
    return host.user if provider == "choria" else f"{host.user}.{USER_SUFFIX}"
