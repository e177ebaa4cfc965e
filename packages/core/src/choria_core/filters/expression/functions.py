"""The functions of the language, each with the types it takes.  Pure.

Those over texts are in ``text_functions``, over arrays and maps in
``list_functions``, over numbers in ``number_functions``.
"""

from collections.abc import Mapping

from choria_core.filters.expression.list_functions import LIST_FUNCTIONS
from choria_core.filters.expression.number_functions import NUMBER_FUNCTIONS
from choria_core.filters.expression.signatures import Function
from choria_core.filters.expression.text_functions import TEXT_FUNCTIONS

FUNCTIONS: Mapping[str, Function] = {**TEXT_FUNCTIONS, **LIST_FUNCTIONS, **NUMBER_FUNCTIONS}
"""By name; the functions that loop are not among them."""
