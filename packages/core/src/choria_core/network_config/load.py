"""Load the configuration of a server or client.

    config = load_server("/etc/choria/server.conf")
    config.registration.interval_seconds              # 300
    config.settings.values["registerinterval"].origins  # where that comes from
    config.option("plugin.mine.color")                # for plugins

Later places win: the main file, the files of ``plugin.d`` beside it, for clients the project
files ``choria.conf`` from the root down to the working folder, then the environment.
"""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from choria_core.config.problems import InvalidConfigError, Problem
from choria_core.network_config.certname import client_certname, server_certname
from choria_core.network_config.checks import errors_of, warnings_of
from choria_core.network_config.client_config import ClientConfig, client_config
from choria_core.network_config.derived import with_derived
from choria_core.network_config.host import Host
from choria_core.network_config.keys import Side
from choria_core.network_config.protection import protection, protection_warnings
from choria_core.network_config.reader import SettingsReader
from choria_core.network_config.server_config import ServerConfig, server_config
from choria_core.network_config.settings import Settings
from choria_core.network_config.sources import (
    plugin_files,
    project_files,
    read_file,
    read_plugin_file,
    user_file,
)
from choria_core.network_config.this_host import this_host


@dataclass(frozen=True, slots=True)
class Findings:
    """Settings that may be wrong yet.

    Attributes:
        settings: what was read.
        errors: why nothing should start with it; all of them.
        warnings: what was passed over.
    """

    settings: Settings
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def require(self) -> Settings:
        """The settings.

        Raises:
            InvalidConfigError: there are errors.
        """
        if self.errors:
            raise InvalidConfigError(self.errors)
        return self.settings


def load_server(file: str | PathLike[str], *, host: Host | None = None) -> ServerConfig:
    """The configuration of a server.

    Args:
        file: its main file; named in messages as given here.
        host: its surroundings; this process's when None.

    Raises:
        InvalidConfigError: a file cannot be read, or has errors; all are named.
    """
    host = host or this_host()
    findings = find_settings(Side.SERVER, Path(file), host)
    settings = findings.require()
    anonymous = bool(settings["plugin.security.server_anon_tls"])
    guard = protection(host.environment, server_anonymous=anonymous)
    return server_config(settings, guard, server_certname(settings, host), findings.warnings)


def load_client(
    file: str | PathLike[str] | None = None, *, host: Host | None = None
) -> ClientConfig:
    """The configuration of a client.

    Args:
        file: its main file; the user's own, or else the machine's, when None.
        host: its surroundings; this process's when None.

    Raises:
        InvalidConfigError: a file cannot be read, or has errors; all are named.
    """
    host = host or this_host()
    findings = find_settings(Side.CLIENT, Path(file) if file else user_file(host.home), host)
    settings = findings.require()
    guard = protection(host.environment)
    return client_config(settings, guard, client_certname(settings, host), findings.warnings)


def find_settings(side: Side, file: Path, host: Host) -> Findings:
    """Read all that holds for ``side``, and check it.

    Raises:
        InvalidConfigError: a file cannot be read.
    """
    reader = SettingsReader(side, home=host.home)
    reader.add_file(str(file), read_file(file))
    for beside in plugin_files(file, host.home):
        reader.add_file(str(beside), read_plugin_file(beside))
    if side is Side.CLIENT and host.folder is not None and not host.is_root:
        for project in project_files(host.folder):
            reader.add_file(str(project), read_file(project))
    reader.add_environment(host.environment)
    settings, gaps = with_derived(reader.settings(), host.names)
    errors = (*reader.errors, *gaps, *errors_of(settings))
    insecure = protection_warnings(host.environment)
    warnings = (*reader.warnings, *warnings_of(settings), *insecure)
    return Findings(settings, errors, warnings)
