"""Which two pictures to show next: those whose comparison tells most about the best ones.

The measure is the expected information of the answer about the strengths (Lindley 1956,
doi:10.1214/aoms/1177728069), which is high where two pictures are close and little is known of
them. It counts more for pictures that may be among the best: drawn from what is believed, a
picture at place r, the first being 1, counts 1 / sqrt(r). Of 8 pictures 1.5 log-odds apart, 20
simulated votes find the best one in 19 of 20 cases that way, in 13 by the information alone; the
order of all agrees as well (Kendall's tau 0.89 and 0.87 on average).
"""

from collections.abc import Collection

import numpy as np

from nst.choose.beliefs import Beliefs
from nst.metrics import davidson

Pair = tuple[int, int]

#: Pictures that are paired with each other; of more, those with the most to tell.
_MOST = 64
_DRAWS = 64
#: Points and weights that integrate over a normal distribution.
_PLACES, _SHARES = np.polynomial.hermite_e.hermegauss(15)
_SHARES = _SHARES / _SHARES.sum()


def next_pair(
    beliefs: Beliefs, random: np.random.Generator, avoided: Collection[Pair] = ()
) -> Pair:
    """Return the two pictures to show next, on random sides.

    Args:
      beliefs: of two pictures at least.
      random: what chooses between pairs that tell as much, and the sides.
      avoided: pairs that are shown now or were shown last, in either order; they are chosen only
        where there is no other.
    """
    attention = _attention(beliefs, random)
    some = _considered(beliefs, attention, random)
    upper, lower = np.triu_indices(len(some), 1)
    one, other = some[upper], some[lower]
    tells = information(beliefs, one, other) * (attention[one] + attention[other])
    # Equal pairs in the order of the folders would show what comes after what.
    tells *= 1 + 1e-3 * random.random(len(tells))
    not_now = [frozenset(pair) for pair in avoided]
    pairs = [(int(one[at]), int(other[at])) for at in np.argsort(-tells)]
    pair = next((pair for pair in pairs if frozenset(pair) not in not_now), pairs[0])
    return pair if random.random() < 0.5 else (pair[1], pair[0])


def information(beliefs: Beliefs, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how much the answer to each pair is expected to tell, in nats.

    Args:
      beliefs: of the pictures.
      one: of shape (pairs,): places of pictures.
      other: of shape (pairs,): places of other pictures.
    """
    means, variances = beliefs.differences(one, other)
    apart = means[:, None] + np.sqrt(variances)[:, None] * _PLACES
    chances = np.stack(davidson.probabilities(apart, beliefs.tie))
    return _entropy(chances @ _SHARES) - _entropy(chances) @ _SHARES


def _entropy(chances: np.ndarray) -> np.ndarray:
    return -(chances * np.log(np.maximum(chances, 1e-300))).sum(axis=0)


def _attention(beliefs: Beliefs, random: np.random.Generator) -> np.ndarray:
    """Return how much each picture counts, 1 / sqrt(place) on average over draws."""
    order = np.argsort(-beliefs.drawn(_DRAWS, random), axis=1)
    counts = np.broadcast_to(1 / np.sqrt(np.arange(1, order.shape[1] + 1)), order.shape)
    found = np.empty(order.shape)
    np.put_along_axis(found, order, counts, axis=1)
    return found.mean(axis=0)


def _considered(beliefs: Beliefs, attention: np.ndarray, random: np.random.Generator) -> np.ndarray:
    count = len(attention)
    if count <= _MOST:
        return np.arange(count)
    worth = attention * np.sqrt(beliefs.variances) * (1 + 1e-3 * random.random(count))
    return np.argsort(-worth)[:_MOST]
