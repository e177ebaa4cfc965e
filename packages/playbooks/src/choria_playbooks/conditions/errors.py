"""What is wrong with a condition, or with the values that it is asked of.  Pure."""

from choria_core.errors import ConfigError


class ConditionError(ConfigError):
    """A condition cannot be read, or not be told of the values there are.

    Attributes:
        problem: what is wrong, without the place.
        column: where in the condition, from 1; 0 for nowhere in particular.
    """

    def __init__(self, problem: str, column: int = 0) -> None:
        super().__init__(f"{problem}, at column {column} of the condition" if column else problem)
        self.problem = problem
        self.column = column


class MissingPathError(ConditionError):
    """A path leads nowhere.

    Attributes:
        path: the whole of it.
    """

    def __init__(self, path: str, problem: str = "") -> None:
        super().__init__(problem or f"there is no {path}")
        self.path = path
