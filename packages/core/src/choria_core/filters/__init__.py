"""Which nodes a request is meant for: the five kinds of filters, and how people type them.

``grammar`` reads the command line's texts into a ``Filter``; ``matching`` holds a
``Filter`` against a ``NodeView``.  Behind them stand ``facts`` with ``json_path``,
``patterns``, and ``compound`` with the package ``expression``.  What a stranger
sends costs a bounded amount of work and memory: see ``limits``.
"""
