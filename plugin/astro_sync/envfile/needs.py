"""Which assignments interpolation still needs, so that no edit changes what the runtime reads from another key."""

from collections.abc import Callable, Sequence

from astro_sync.envfile.dialects import Assignment


def split_by_need(assignments: Sequence[Assignment], may_go: Callable[[int], bool]) -> tuple[list[int], list[int]]:
    """Return the indexes that can go, and those of which `may_go` is true but that a line that stays refers to.

    `may_go` says which assignments are to lose their present value. One that stays hides earlier ones of its key
    from the lines below it, but for a key alone on its line, whose value is the environment's.
    """
    going: list[int] = []
    needed_ones: list[int] = []
    needed: set[str] = set()
    for index in range(len(assignments) - 1, -1, -1):
        made = assignments[index]
        if may_go(index):
            if made.key not in needed:
                going.append(index)
                continue
            needed_ones.append(index)
        if made.has_separator:
            needed.discard(made.key)
        if made.needs:
            needed.update(made.needs)
    return going[::-1], needed_ones[::-1]
