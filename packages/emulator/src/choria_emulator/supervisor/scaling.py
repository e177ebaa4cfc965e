"""A fleet of another size.  Pure."""

from collections.abc import Mapping

from choria_emulator.fleet.plan import FleetPlan


def scaled(plan: FleetPlan, total: int) -> Mapping[str, int]:
    """Nodes of each group, by its name, where all groups together shall have ``total``.

    Groups keep their shares as well as whole nodes allow; what is left over goes to those
    that lose most by rounding.
    """
    whole = plan.count
    if whole == 0:
        return {group.name: total if index == 0 else 0 for index, group in enumerate(plan.groups)}
    counts = {group.name: total * group.count // whole for group in plan.groups}
    rests = sorted(plan.groups, key=lambda group: -(total * group.count % whole))
    for group in rests[: total - sum(counts.values())]:
        counts[group.name] += 1
    return counts
