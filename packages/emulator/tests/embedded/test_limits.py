"""What this machine and this process can hold."""

import resource
import sys

import pytest

from choria_emulator.embedded.limits import file_limit, raise_file_limit, this_machine
from choria_testing.fresh_process import run_fresh

RAISE = """
import json, resource
from choria_emulator.embedded.limits import raise_file_limit
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
raised = raise_file_limit()
print(json.dumps([raised, resource.getrlimit(resource.RLIMIT_NOFILE)[0]]))
"""


def test_a_process_raises_its_limit_to_what_it_may() -> None:
    raised, soft = run_fresh(RAISE)

    assert raised == soft == file_limit()


def test_raising_again_changes_nothing() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert raise_file_limit() == raise_file_limit()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say")
def test_this_machine_is_known() -> None:
    machine = this_machine()

    assert machine.files == file_limit()
    assert machine.cpus >= 1
    assert machine.memory_bytes is not None
    assert machine.memory_bytes > 1 << 20
    assert machine.ports > 1000
