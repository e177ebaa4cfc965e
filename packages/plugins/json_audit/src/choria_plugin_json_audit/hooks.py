"""What this plugin contributes to servers."""

from collections.abc import Iterable

from choria_core.hookspecs import AuditorPlugin, hookimpl


@hookimpl
def choria_auditors() -> Iterable[AuditorPlugin]:
    """The auditor, under the name that the original has."""
    return [AuditorPlugin("choria", "choria_plugin_json_audit.auditor:JsonAuditor")]
