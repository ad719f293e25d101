"""Run independent calls at the same time."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_R = TypeVar("_R")
_S = TypeVar("_S")
_T = TypeVar("_T")


def together(one: Callable[[], _S], two: Callable[[], _T]) -> tuple[_S, _T]:
    """Return what both calls return; both end before an error of either is raised, the first one's first."""
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(two)
        first = one()
        return first, later.result()


def each(call: Callable[[_S], _R], items: Iterable[_S], *, at_once: int) -> Sequence[_R]:
    """Return the result of the call for each item, in their order, with at most so many under way."""
    found = list(items)
    if len(found) < 2 or at_once < 2:  # noqa: PLR2004 - nothing to do side by side
        return [call(item) for item in found]
    with ThreadPoolExecutor(min(at_once, len(found))) as pool:
        return list(pool.map(call, found))
