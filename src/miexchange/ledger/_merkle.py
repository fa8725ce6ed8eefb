"""A Merkle tree (RFC 6962): one root over many leaves, and proofs of inclusion."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Tree", "is_included", "leaf_of", "path_of"]


def leaf_of(content: bytes) -> bytes:
    """Return the hash of a leaf; its prefix distinguishes it from the hash of a node."""
    return hashlib.sha256(b"\x00" + content).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The root of a stream of leaves; it keeps one hash for each full subtree."""

    def __init__(self) -> None:
        """Begin with no leaves."""
        self.size = 0
        self._full: list[bytes] = []

    def add(self, content: bytes) -> None:
        """Add a leaf at the end."""
        added, size = leaf_of(content), self.size
        while size % 2:
            added, size = _node(self._full.pop(), added), size // 2
        self._full.append(added)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The hash over all leaves; without leaves, the hash of the empty string."""
        if not self._full:
            return hashlib.sha256().digest()
        *rest, root = self._full
        for left in reversed(rest):
            root = _node(left, root)
        return root


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of a leaf: the sibling hashes from the leaf to the root.

    Args:
        leaves: the hashes of all leaves.
        index: the place of the leaf.
    """
    path = []
    while len(leaves) > 1:
        half = 1 << (len(leaves) - 1).bit_length() - 1
        near, far = (leaves[:half], leaves[half:]) if index < half else (leaves[half:], leaves[:half])
        path.append(_root_of(far))
        leaves, index = near, index % half
    return path[::-1]


def _root_of(leaves: Sequence[bytes]) -> bytes:
    row = list(leaves)
    while len(row) > 1:
        paired = [_node(*row[at : at + 2]) if at + 1 < len(row) else row[at] for at in range(0, len(row), 2)]
        row = paired
    return row[0]


def is_included(content: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether an audit path proves a leaf at an index of a tree (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf_of(content)
    for beside in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = _node(beside, found)
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            found = _node(found, beside)
        place, last = place // 2, last // 2
    return last == 0 and found == root
