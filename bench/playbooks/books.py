"""The books that are run: the same tasks for us and for Ansible.  Pure."""

from pathlib import Path
from typing import Final

_HEAD: Final = """\
name: bench
version: 1.0.0
author: The bench <bench@example.net>
description: Many small tasks
schema: 1
"""

_STORE: Final = """\
data_stores:
  values:
    type: file
    file: "{file}"
    format: yaml
    create: true
"""

_SHELL_TASK: Final = """\
  - shell:
      description: Task {number}
      command: "true"
"""

_DATA_TASK: Final = """\
  - data:
      description: Task {number}
      action: write
      key: values/key{number}
      value: Value {number}
"""

_PLAY: Final = """\
- name: bench
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
"""

_RAW_TASK: Final = """\
    - name: Task {number}
      ansible.builtin.raw: "true"
"""


def shell_book(tasks: int) -> str:
    """A book with so many tasks that run ``true``."""
    return f"{_HEAD}tasks:\n{_repeated(_SHELL_TASK, tasks)}"


def data_book(tasks: int, file: Path) -> str:
    """A book with so many tasks, each of which writes a value of its own into a YAML file."""
    store = _STORE.format(file=file)
    return f"{_HEAD}{store}tasks:\n{_repeated(_DATA_TASK, tasks)}"


def ansible_book(tasks: int) -> str:
    """The shell book in Ansible's words."""
    return f"{_PLAY}{_repeated(_RAW_TASK, tasks)}"


def _repeated(task: str, count: int) -> str:
    return "".join(task.format(number=number) for number in range(1, count + 1))
