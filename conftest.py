"""Settings of the property tests of the whole workspace."""

import os

from hypothesis import HealthCheck, settings

# A slow machine is no failure: nothing here asserts how long an example takes.
SLOWNESS = [HealthCheck.too_slow]
settings.register_profile("here", deadline=None, suppress_health_check=SLOWNESS)
settings.register_profile(
    "gate", deadline=None, suppress_health_check=SLOWNESS, derandomize=True, print_blob=True
)
settings.load_profile("gate" if os.environ.get("CI") else "here")
