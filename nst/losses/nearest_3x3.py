"""The style loss as the distance of each patch of 3 x 3 features to the painting's nearest one.

The distance is that of Kolkin et al. 2022 (arXiv:2203.13215), the size of patches that of Li and
Wand 2016, "Combining Markov Random Fields and Convolutional Neural Networks" (arXiv:1601.04589).
"""

import functools

from nst.losses import nearest

target = functools.partial(nearest.target, side=3)
loss = functools.partial(nearest.loss, side=3)
