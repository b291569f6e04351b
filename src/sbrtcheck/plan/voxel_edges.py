r"""A mask of voxels -> closed loops along the edges of its voxels, layer by layer.

The loops of a layer wind around its voxels once: outer loops one way, holes the other, voxels always on the right hand
(x to the right, y downwards). So what they enclose has exactly the area of the voxels. Voxels that meet at a corner
only are not joined there, whether they are of one part or of two: the loops touch, and do not cross::

      x 0   1   2   3
    y 0 +-->+                Corners are where the edge turns: seen from a corner, one of the edges left and right of
        | # |                it is drawn and one of those above and below. Where two voxels touch (*), both of each
      1 +<--*-->+            are: that corner is there twice, once for each voxel.
            | # |
      2     +<--+

No pixel is walked from one to the next. Along every line of pixel borders, corners come in pairs, the two ends of one
edge: so sorting the corners by rows pairs them along x, and sorting them by columns along y. Then each corner knows
the one that follows, and the loops are the cycles of this permutation. They are told apart, and brought into order, by
pointer jumping: after ``n`` rounds each corner has seen ``2**n`` of those that follow [1]_.

References
----------
.. [1] J. C. Wyllie, The Complexity of Parallel Computations, thesis, Cornell University, 1979.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sbrtcheck.plan.values import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]


def voxel_loops(mask: BoolArray) -> tuple[FloatArray, IntArray]:
    """Loops around the voxels of a mask.

    Parameters
    ----------
    mask
        Shape ``(k, j, i)``; each ``k`` is a layer of its own.

    Returns
    -------
    points
        Shape ``(points, 3)``: i, j and k of every corner, in voxels from the middle of voxel ``(0, 0, 0)``.
    starts
        Shape ``(loops + 1,)``: loop ``c`` is ``points[starts[c]:starts[c + 1]]``. Loops come by rising layer.
    """
    some = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    if len(some[0]) == 0:
        return np.zeros((0, 3)), np.zeros(1, dtype=np.int64)
    box = tuple(slice(int(at[0]), int(at[-1]) + 1) for at in some)
    layer, row, column, has_up, leaves_along_x = _corners(mask[box])
    order, starts = _cycles(_followers(layer, row, column, has_up, leaves_along_x))
    # corner (0, 0) of the box is half a voxel before the middle of its first voxel
    points = np.stack([column + (box[2].start - 0.5), row + (box[1].start - 0.5), layer + float(box[0].start)], axis=1)
    return points[order], starts


def _corners(mask: BoolArray) -> tuple[IntArray, IntArray, IntArray, BoolArray, BoolArray]:
    """The corners in the order of layer, row and column.

    With them whether the vertical edge of each goes up from it (else down), and whether the loop leaves it along x.
    """
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    # the four voxels around each corner: above it and below, left and right
    above_left, above_right = padded[:, :-1, :-1], padded[:, :-1, 1:]
    below_left, below_right = padded[:, 1:, :-1], padded[:, 1:, 1:]
    odd = above_left ^ above_right ^ below_left ^ below_right  # one or three of four: the edge turns
    touching = (above_left == below_right) & (above_right == below_left) & (above_left != above_right)
    layer, row, column = np.nonzero(odd | touching)
    nw, ne, sw, se = (of[layer, row, column] for of in (above_left, above_right, below_left, below_right))
    twice = touching[layer, row, column]
    copies = 1 + twice.astype(np.int64)
    second = np.zeros(int(copies.sum()), dtype=bool)
    second[np.cumsum(copies)[twice] - 1] = True
    layer, row, column, nw, ne, sw, se, twice = (
        np.repeat(of, copies) for of in (layer, row, column, nw, ne, sw, se, twice)
    )
    # of two copies, the first has the edge on the left and the second that on the right
    has_left = np.where(twice, ~second, nw != sw)
    # the vertical edge of a copy is on the side of its own voxel
    has_up = np.where(twice, np.where(second, ne, nw), nw != ne)
    # with the voxels on the right hand, an edge above voxels runs to the right, one below them to the left
    leaves_along_x = np.where(has_left, nw, se)
    return layer, row, column, has_up, leaves_along_x


def _followers(
    layer: IntArray, row: IntArray, column: IntArray, has_up: BoolArray, leaves_along_x: BoolArray
) -> IntArray:
    """For each corner the next one of its loop."""
    corner = np.arange(len(row))
    # by layer, column and row; of two copies at one place, the end of the upper edge comes before that of the lower one
    key = ((layer * (column.max() + 1) + column) * (row.max() + 1) + row) * 2 + ~has_up
    by_column = np.argsort(key, kind="stable")
    along_y = np.empty_like(by_column)
    along_y[by_column[0::2]], along_y[by_column[1::2]] = by_column[1::2], by_column[0::2]
    # by rows they are sorted already: 0 and 1 are an edge, 2 and 3, and so on
    return np.where(leaves_along_x, corner ^ 1, along_y)


def _cycles(following: IntArray) -> tuple[IntArray, IntArray]:
    """The cycles of a permutation: all places, cycle after cycle, each in its order; and where each cycle begins."""
    place = np.arange(len(following))
    # the least place of each cycle: of twice as many followers in every round, until it does not change
    first, far = place, following
    while True:
        less = np.minimum(first, first[far])
        if np.array_equal(less, first):
            break
        first, far = less, far[far]
    # how many steps it is to there, which ends the way
    steps = (place != first).astype(np.int64)
    far = np.where(place == first, place, following)
    while not np.array_equal(far, first):
        steps += steps[far]
        far = far[far]
    leaders = np.flatnonzero(place == first)
    length = np.bincount(first, minlength=len(place))[leaders]
    starts = np.concatenate([[0], np.cumsum(length)])
    end = np.empty(len(place), dtype=np.int64)
    end[leaders] = starts[1:]
    order = np.empty(len(place), dtype=np.int64)
    order[end[first] - 1 - steps] = place
    return order, starts
