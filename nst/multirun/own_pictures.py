"""The picture files that the cells of a sweep name, looked at before any of it runs."""

from collections.abc import Iterable, Iterator

from nst.base.errors import UserError
from nst.base.own_files import own_path, readable
from nst.config import blend, places
from nst.config.schema import Config
from nst.images import shapes

#: Files that a sentence names beside the first.
_MOST = 6


def check(configs: Iterable[Config]) -> None:
    """Refuse a sweep of which a picture is none, by the files' headers.

    Args:
      configs: of its cells, validated.

    Raises:
      UserError: says what is wrong with the first such file, and names the others.
    """
    named = dict.fromkeys(pair for config in configs for pair in _named(config))
    refused = [(path, error) for key, path in named if (error := _refusal(key, path))]
    if not refused:
        return
    (_, first), *others = refused
    names = [repr(path) for path in dict.fromkeys(path for path, _ in others)]
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    raise UserError(
        f"{first}; nor can these be used: {', '.join(names[:_MOST])}{more}" if names else first
    )


def _named(config: Config) -> Iterator[tuple[str, str]]:
    """Yield the keys of a cell that name a picture file, each with the file."""
    content, style = config.content, config.style
    found = [("content.path", content.path), ("init.path", config.init.path)]
    found += [(one.key, one.path) for one in blend.style_images(style).values()]
    masks = [("content.mask", content.mask), ("style.mask", style.mask)]
    found += [(key, mask) for key, mask in masks if mask and not shapes.is_shape(mask)]
    found += [(blend.KEY, mask) for mask in places.files(style.blend)]
    yield from ((key, path) for key, path in found if path is not None)


def _refusal(key: str, path: str) -> str | None:
    """Return why a file is no picture, None where its header is one's."""
    from nst.images.decode import upright_shape  # loads Pillow, which most sweeps do without

    file = own_path(path)
    try:
        if file.is_dir():
            return (
                f"{key}: {path!r} is a folder, but must be a file: "
                f"{key}=glob({path.rstrip('/')}/*) takes each of its files"
            )
        readable(file, key=key)
        upright_shape(file, key=key)
    except UserError as error:
        return str(error)
    return None
