"""A style statistic that is added by a file and an entry in the table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import TINY, rows

from nst.base.errors import UserError
from nst.config.schema import Config
from nst.losses import total
from nst.losses.statistics import STATISTICS, Statistic
from nst.networks.vgg import activations
from nst.runner import prepare, session
from nst.runner.prepare import Prepared

Compose = Callable[..., Config]
TOY = (*TINY, "tracking=disabled", "style.statistic=channel_mean")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setitem(STATISTICS, "channel_mean", Statistic("channel_mean"))


def means(prepared: Prepared, picture: np.ndarray) -> np.ndarray:
    """Return the mean of each channel of conv1_1, in float64."""
    known: dict[str, Any] = {"network": "vgg16", "pooling": "avg", "precision": "float32"}
    found = activations(prepared.params, jnp.asarray(picture)[None], ("conv1_1",), **known)[
        "conv1_1"
    ]
    return np.asarray(found, np.float64).mean(axis=(0, 1, 2))


def losses(prepared: Prepared, folder: Path) -> list[float]:
    """Run it; return the loss of conv1_1 at each check."""
    outcome = session.perform(prepared, session.Place(folder))
    assert outcome.status == "finished"
    return [float(row["style/conv1_1"]) for row in rows(folder)]


def test_a_run_lowers_it(compose: Compose, tmp_path: Path):
    prepared = prepare.prepare(compose(*TOY, "alpha=0"))
    found = losses(prepared, tmp_path)
    own, wanted = (means(prepared, one) for one in (prepared.content_image, *prepared.style_images))
    assert found[0] == pytest.approx(np.mean((own - wanted) ** 2), rel=1e-3)
    assert found[2] < found[1] < found[0]


def test_a_blend_weighs_it(compose: Compose, tmp_path: Path, picture: Path):
    prepared = prepare.prepare(compose(*TOY, f"style.blend={{night: 0.7, {picture}: 0.3}}"))
    shares = prepared.config.style.blend  # in an order of its own
    assert sorted(shares.values()) == [0.3, 0.7]
    own = means(prepared, prepared.content_image)
    each = [np.mean((own - means(prepared, one)) ** 2) for one in prepared.style_images]
    expected = np.dot(list(shares.values()), each)
    assert losses(prepared, tmp_path)[0] == pytest.approx(expected, rel=1e-3)


def test_masks_are_refused_without_a_variant_for_them(compose: Compose):
    with pytest.raises(UserError, match=r"masks? need style\.statistic=gram, not channel_mean"):
        compose(*TOY, "content.mask=a.png", "style.mask=b.png")


def test_another_name_is_refused_and_never_computed(compose: Compose):
    with pytest.raises(UserError, match=r"gram, .*, channel_mean, not 'mean'"):
        compose(*TINY, "style.statistic=mean")
    one = {"conv1_1": jnp.ones((2, 2, 3))}
    with pytest.raises(KeyError, match="mean"):
        total.targets(one, [one], ("conv1_1",), ("conv1_1",), "mean")
    with pytest.raises(KeyError, match="mean"):
        total.style_loss("mean", one["conv1_1"], jnp.ones((3, 3)))
