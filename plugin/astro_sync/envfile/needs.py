"""Which assignments interpolation still needs, so that no edit changes what the runtime reads from another key."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from astro_sync.envfile.dialects import Assignment


def split_by_need(assignments: Sequence[Assignment], unwanted: AbstractSet[int]) -> tuple[list[int], list[int]]:
    """Return the indexes of `unwanted` that can lose their value, and those that a line that stays refers to, in order.

    An assignment that stays hides earlier ones of its key from the lines below it, but for a key alone on its line,
    whose value is the environment's.
    """
    if not any(assignment.needs for assignment in assignments):
        return sorted(unwanted), []
    going: list[int] = []
    staying: list[int] = []
    needed: set[str] = set()
    for index in range(len(assignments) - 1, -1, -1):
        assignment = assignments[index]
        if index in unwanted:
            if assignment.key not in needed:
                going.append(index)
                continue
            staying.append(index)
        if assignment.has_separator:
            needed.discard(assignment.key)
        needed.update(assignment.needs)
    return going[::-1], staying[::-1]
