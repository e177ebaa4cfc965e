"""Names of the contenders.  Pure."""

from typing import Final

SHELL: Final = "choria, shell tasks"
DATA: Final = "choria, data tasks"
BARE: Final = "bare loop"
ANSIBLE: Final = "ansible-playbook"
