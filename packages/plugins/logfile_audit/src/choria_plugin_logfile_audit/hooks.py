"""What this plugin contributes to servers."""

from collections.abc import Iterable

from choria_core.hookspecs import AuditorPlugin, hookimpl


@hookimpl
def choria_auditors() -> Iterable[AuditorPlugin]:
    """The auditor."""
    return [AuditorPlugin("logfile", "choria_plugin_logfile_audit.auditor:TextAuditor")]
