"""The machine that we run on."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from choria_core.network_config.host import Host, HostNames

_FACTER_FOLDERS = ("/opt/puppetlabs/bin", "/usr/local/bin")
_FACTER_SECONDS = 30.0


def this_host() -> Host:
    """The surroundings of this process."""
    names = HostNames(
        host_name=socket.gethostname,
        dns_name=dns_name,
        facter_name=lambda: facter("networking.fqdn"),
        facter_domain=lambda: facter("networking.domain"),
    )
    try:
        folder = Path.cwd()
    except OSError:  # it was deleted
        folder = None
    return Host(names, os.environ, folder, is_root=hasattr(os, "geteuid") and os.geteuid() == 0)


def dns_name() -> str:
    """What DNS calls the first IPv4 address of this machine; empty where it tells nothing."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        return socket.gethostbyaddr(str(found[0][4][0]))[0]
    except OSError:
        return ""


def facter(fact: str) -> str:
    """A fact that the installed facter knows; empty without facter."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FACTER_FOLDERS))
    program = shutil.which("facter", path=path)
    if program is None:
        return ""
    try:
        told = subprocess.run(  # noqa: S603 - the words are ours
            [program, fact],
            capture_output=True,
            text=True,
            timeout=_FACTER_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return told.stdout.strip()
