"""Statistics of a server, written again and again: ``registration = choria``."""

import os
import threading
import time
from pathlib import Path
from typing import ClassVar, Final

from choria_core.errors import ConfigError
from choria_core.registration.registration import RegisteringNode, Registration
from choria_plugin_stats.document import Times, encode_statistics, statistics_of
from choria_plugin_stats.files import StatisticsFiles
from choria_plugin_stats.prometheus_text import prometheus_text

DEFAULT_NAME: Final = "choria-stats.json"
_KEY: Final = "plugin.choria.registration.file"
_NO_FOLDER: Final = frozenset(("", "stdout", "stderr", "discard"))


class StatisticsRegistration(Registration):
    """Writes the statistics of the node; nothing goes to the network."""

    is_local: ClassVar[bool] = True

    def __init__(self, node: RegisteringNode) -> None:
        self._node = node
        self._files = StatisticsFiles(
            node.identity,
            _file(node),
            node.config.registration.statistics.prometheus_file,
            always_named=node.shares_config,
        )

    def size(self) -> int:
        """They are written when it is time, whatever their size."""
        return 0

    async def item(self) -> None:
        """Write them.

        Raises:
            WorkError: that fails; names the file.
        """
        times = os.times()
        statistics = statistics_of(
            self._node,
            now=time.time(),
            pid=os.getpid(),
            times=Times(
                utime=times.user,
                stime=times.system,
                cutime=times.children_user,
                cstime=times.children_system,
            ),
            threads=[thread.name for thread in threading.enumerate()],
        )
        self._files.write(encode_statistics(statistics), prometheus_text(statistics))


def _file(node: RegisteringNode) -> Path:
    """Where they go; raises ConfigError where nothing says so."""
    config = node.config
    configured = config.registration.statistics.file
    if configured is not None:
        return configured
    if config.log.file in _NO_FOLDER:
        text = f"logfile is {config.log.file}, so there is no folder for {DEFAULT_NAME}"
        raise ConfigError(str(config.settings.problem(_KEY, text, "set it to a path")))
    return Path(config.log.file).parent / DEFAULT_NAME
