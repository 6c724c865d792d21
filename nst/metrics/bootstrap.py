"""The bootstrap interval of a mean: what to take where differences are far from a normal curve."""

import numpy as np

from nst.metrics.effects import CONFIDENCE

DRAWN = 9_999
#: Pairs below which it is known to be too narrow.
FEW = 10


def bootstrap(values: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Return the bias-corrected and accelerated interval of a mean, None of fewer than two values.

    Source: Efron 1987, doi:10.1080/01621459.1987.10478410; scipy.stats.bootstrap, which takes a
    second to load, is what the tests compare it with. The seed is fixed.

    Args:
      values: of shape (n,), such as the differences of pairs.
      confidence: how often intervals like it hold the true mean, 0 to 1.
    """
    from scipy.special import ndtr, ndtri  # takes a tenth of a second, so not before it is needed

    count = len(values)
    if count < 2:
        return None
    mean = values.mean()
    if (values == values[0]).all():
        return float(mean), float(mean)
    draw = np.random.default_rng(0)
    # How often each value is drawn: the mean of a draw is a sum of few numbers.
    times = draw.multinomial(count, [1 / count] * count, DRAWN)
    means = times @ values / count
    bias = ndtri(((means < mean).mean() + (means <= mean).mean()) / 2)
    without = (values.sum() - values) / (count - 1)
    apart = without.mean() - without
    speed = (apart**3).sum() / (6 * (apart**2).sum() ** 1.5)
    tail = ndtri((1 - confidence) / 2)
    ends = [ndtr(bias + (bias + z) / (1 - speed * (bias + z))) for z in (tail, -tail)]
    low, high = np.quantile(means, ends)
    return float(low), float(high)
