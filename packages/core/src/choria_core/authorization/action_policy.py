"""The authorizer ``action_policy``: a file for each agent says who may do what.

``policies/AGENT.policy`` beside the server's configuration, else the default policy where
that is wanted, and ``policies/groups`` with the groups of callers.  Changes count from
the next request on.

Where the original skips what it cannot understand, this one denies: the line may have
been one that denies.  And where there is no file at all the original denies whatever it is
told; ``plugin.actionpolicy.allow_unconfigured`` is honoured here.

Source: go-choria, providers/agent/mcorpc/authz_actionpolicy.go, and its recorded decisions.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from choria_core.authorization.authorizer import AuthorizationRequest, Decision
from choria_core.authorization.policy_file import (
    Groups,
    Policy,
    Rule,
    fits,
    fits_node,
    parse_groups,
    parse_policy,
)
from choria_core.config.problems import Location, Problem, at
from choria_core.filters.limits import FilterError
from choria_core.filters.node_view import NodeView
from choria_core.network_config.server_config import ServerConfig
from choria_core.telemetry.logs import get_logger

_Stamp = tuple[int, int, int]
"""What changes when a file does: time in nanoseconds, size, inode."""

_UNKNOWN: _Stamp = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read from a file, and from which states of it and of the groups."""

    stamps: tuple[_Stamp | None, _Stamp | None]
    policy: Policy | Problem


class ActionPolicy:
    """Decides by policy files.

    Args:
        folder: that the files are in.
        allow_unconfigured: allow what no file and no line speaks of.
        default_policy: name of the policy for agents without a file; empty for none.
    """

    def __init__(
        self, folder: Path, *, allow_unconfigured: bool = False, default_policy: str = ""
    ) -> None:
        self._folder = folder
        self._allow_unconfigured = allow_unconfigured
        self._default_policy = default_policy
        self._kept: dict[Path, _Kept] = {}
        self._log = get_logger("choria.authorization")

    def decide(self, request: AuthorizationRequest) -> Decision:
        """The decision of the first line that fits."""
        file, stamp = self._file(request.agent)
        if stamp is None:
            return Decision(self._allow_unconfigured, f"there is no policy for {request.agent}")
        policy = self._policy(file, stamp)
        if isinstance(policy, Problem):
            return Decision(allowed=False, reason=str(policy))
        for rule in policy.rules:
            if _speaks_of(rule, request):
                return Decision(rule.allows, f"so says {rule.location}")
        default = self._allow_unconfigured if policy.default is None else policy.default
        return Decision(default, f"so is the default of {file}")

    def _file(self, agent: str) -> tuple[Path, _Stamp | None]:
        """The policy file of an agent; without a stamp where there is none."""
        file = self._folder / f"{agent}.policy"
        stamp = _stamp(file)
        if stamp is None and self._default_policy:
            file = self._folder / f"{self._default_policy}.policy"
            stamp = _stamp(file)
        return file, stamp

    def _policy(self, file: Path, stamp: _Stamp) -> Policy | Problem:
        """What a file says, read again when it or the groups have changed."""
        groups_file = self._folder / "groups"
        stamps = (stamp, _stamp(groups_file))
        kept = self._kept.get(file)
        if kept is None or kept.stamps != stamps:
            policy = _read_policy(file, groups_file if stamps[1] else None)
            if isinstance(policy, Problem):
                self._log.error("policy_unusable", problem=str(policy))
            kept = self._kept[file] = _Kept(stamps, policy)
        return kept.policy


def from_config(config: ServerConfig) -> ActionPolicy:
    """The authorizer as a server's configuration wants it."""
    told = config.authorization
    return ActionPolicy(
        config.policy_folder,
        allow_unconfigured=told.allow_unconfigured,
        default_policy=told.default_policy if told.use_default_policy else "",
    )


def _speaks_of(rule: Rule, request: AuthorizationRequest) -> bool:
    """Whether a rule decides; one that cannot be evaluated never allows."""
    try:
        if not fits(rule, caller=request.caller, action=request.action):
            return False
        if not rule.needs_node:
            return True
        view = NodeView("", facts=request.facts(), classes=request.classes())
        return fits_node(rule, view)
    except FilterError:
        return not rule.allows


def _read_policy(file: Path, groups_file: Path | None) -> Policy | Problem:
    groups = _read_groups(groups_file)
    if isinstance(groups, Problem):
        return groups
    text = _read(file)
    return text if isinstance(text, Problem) else parse_policy(text, groups, file=str(file))


def _read_groups(file: Path | None) -> Groups | Problem:
    if file is None:
        return {}
    text = _read(file)
    return text if isinstance(text, Problem) else parse_groups(text, file=str(file))


def _read(file: Path) -> str | Problem:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return at(Location(str(file)), "", "it is not UTF-8", "save it as UTF-8")
    except OSError as error:
        return at(Location(str(file)), "", f"cannot be read: {error.strerror}")


def _stamp(file: Path) -> _Stamp | None:
    """Nothing where there is no file; one that cannot be looked at will not be read either."""
    try:
        found = os.stat(file)  # noqa: PTH116 -- twice as fast, and asked for each request
    except FileNotFoundError:
        return None
    except OSError:
        return _UNKNOWN
    return found.st_mtime_ns, found.st_size, found.st_ino
