"""What plugins of playbooks implement, and what a run lends them.

A plugin offers classes through the hooks ``choria_data_stores``, ``choria_node_sets`` and
``choria_tasks``.  Each class says in ``Options`` what a book may write, as a settings record
(:mod:`choria_core.config.schema`); texts of a book are filled in before a record is made, so a
class sees plain values and no templates.
"""
