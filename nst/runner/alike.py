"""What runs must have in common to share a compiled program, as far as configurations tell."""

from collections.abc import Hashable
from dataclasses import replace

from nst.config import blend, look, places
from nst.config.program import split
from nst.config.schema import Config
from nst.losses.statistics import STATISTICS


def program(config: Config, network: str) -> tuple[Hashable, ...]:
    """Return what is equal for runs that differ in traced numbers, layers and files alone.

    Args:
      config: validated.
      network: whose weights are used, which a fallback may have changed.
    """
    static, _ = split(config, network)
    return (
        # Layers that one of the runs lacks have the weight 0 there.
        replace(static, content_layers=(), style_layers=()),
        config.color,
        config.stages,
        config.edge,
        tuple(look.style_size(config, scale.size) for scale in config.stages),
        config.check_every,
        # Targets that were drawn are a seed's own.
        config.seed if STATISTICS[static.statistic].seeded else None,
    )


def named_files(config: Config) -> tuple[Hashable, ...]:
    """Return the names of the files that targets and network come from.

    They stand for the files' bytes as long as nobody has read them.

    Args:
      config: validated.
    """
    content, style, network = config.content, config.style, config.network
    masks = [content.mask, style.mask] if content.mask and style.mask else []
    return (
        content.path or content.source.name,
        *(one.path or one.source.name for one in blend.style_images(style).values()),
        network.weights or network.source.name,
        *masks,
        *places.of(style.blend).values(),
    )
