"""A template that cannot be filled in.  Pure."""

from choria_core.config.problems import InvalidConfigError, Location, at


class TemplateError(InvalidConfigError):
    """A marker has no value, or none that can stand where it stands.

    Attributes:
        problem: what is wrong, without the place.
    """

    def __init__(self, location: Location, problem: str, fix: str = "") -> None:
        super().__init__([at(location, "", problem, fix)])
        self.problem = problem
