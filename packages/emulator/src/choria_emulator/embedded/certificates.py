"""Certificates of brokers that come with a fleet, and of the one who calls it."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from choria_core.errors import ConfigError
from choria_core.security.throwaway_authority import Issued, ThrowawayAuthority

BROKER_NAMES: Final = ("localhost", "127.0.0.1", "::1")
FILE_PREFIX: Final = "emulate-"
"""What names of our files begin with, so that they are nobody else's."""


@dataclass(frozen=True, slots=True)
class FleetCertificates:
    """PEM files.

    Attributes:
        ca_file: the authority that vouches for all.
        broker_file, broker_key_file: of all brokers, which are on this machine.
        caller_file, caller_key_file: of somebody who calls the fleet.
    """

    ca_file: Path
    broker_file: Path
    broker_key_file: Path
    caller_file: Path
    caller_key_file: Path


@contextlib.contextmanager
def fleet_certificates(
    folder: Path | None, *, caller: str, now: datetime
) -> Iterator[FleetCertificates]:
    """Fresh certificates.

    Args:
        folder: where they are put, to stay; None for one that goes at the end of the block.
        caller: certname of who calls, as ``alice.mcollective``.
        now: when they begin to be valid; with a time zone.

    Raises:
        ConfigError: they cannot be written.
    """
    with contextlib.ExitStack() as stack:
        if folder is None:
            made = tempfile.TemporaryDirectory(prefix="choria-emulate-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(made))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            certificates = make_certificates(folder, caller=caller, now=now)
        except OSError as error:
            raise ConfigError(
                f"certificates cannot be written to {folder}: {error.strerror}"
            ) from error
        yield certificates


def make_certificates(folder: Path, *, caller: str, now: datetime) -> FleetCertificates:
    """Make fresh certificates in an existing folder; they replace those of an earlier fleet.

    Raises:
        OSError: they cannot be written.
    """
    authority = ThrowawayAuthority("choria emulator", now=now)
    ca_file = folder / f"{FILE_PREFIX}ca.pem"
    ca_file.write_bytes(authority.pem)
    broker = _write(authority.issue_broker(BROKER_NAMES), folder, "broker")
    return FleetCertificates(
        ca_file, *broker, *_write(authority.issue_caller(caller), folder, "caller")
    )


def _write(issued: Issued, folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = (folder / f"{FILE_PREFIX}{name}{end}.pem" for end in ("", "-key"))
    certificate.write_bytes(issued.certificate)
    key.unlink(missing_ok=True)  # one that was open to others would stay so
    key.touch(mode=0o600)
    key.write_bytes(issued.key)
    return certificate, key
