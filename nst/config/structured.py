"""The schema as Hydra takes it: dataclasses whose keys are those of the command line.

Hydra knows no group whose keys stand among those of another, as a source's do.
"""

import copy
import dataclasses
from typing import Any

from nst.config import groups, schema


def _spread(own: type, **inner: type) -> type:
    """Return a dataclass like `own` that has the keys of its flat groups as its own.

    Args:
      own: of the schema.
      inner: fields of it -> the dataclass to take in place of the schema's.
    """
    fields: list[tuple[str, Any, dataclasses.Field]] = []
    for field in dataclasses.fields(own):
        kind: Any = field.type
        if field.name in inner:
            kind = inner[field.name]
            fields.append((field.name, kind, dataclasses.field(default_factory=kind)))
        elif field.metadata["key"].flat:
            fields += [(one.name, one.type, copy.copy(one)) for one in dataclasses.fields(kind)]
        else:
            fields.append((field.name, kind, copy.copy(field)))
    # What is pickled is found again by its module and name.
    return dataclasses.make_dataclass(own.__name__, fields, namespace={"__module__": __name__})


Content = _spread(groups.Content)
Style = _spread(groups.Style)
Network = _spread(groups.Network)
Config = _spread(schema.Config, content=Content, style=Style, network=Network)
