"""Settings of all tests of the workspace: property tests, and logs that nobody configured."""

import os

import structlog
from hypothesis import HealthCheck, settings

# A slow machine is no failure: nothing here asserts how long an example takes.
SLOWNESS = [HealthCheck.too_slow]
settings.register_profile("here", deadline=None, suppress_health_check=SLOWNESS)
settings.register_profile(
    "gate", deadline=None, suppress_health_check=SLOWNESS, derandomize=True, print_blob=True
)
settings.load_profile("gate" if os.environ.get("CI") else "here")

# structlog draws tracebacks with every variable in them, which takes a second for each.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)
