"""An input that cannot be had.  Pure."""

from choria_core.errors import ConfigError


class InputError(ConfigError):
    """A value is not what an input takes, or there is none.

    Attributes:
        problem: what is wrong, as the rest of a sentence: ``is not a whole number``.
        fix: what to do about it; may be empty.
    """

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(f"{problem}; {fix}" if fix else problem)
        self.problem = problem
        self.fix = fix
