"""run.json's one reader: strict for what goes on from a run, forgiving for what looks at it."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_runs import record, write_run
from helpers import SCHEMA

from nst.base.errors import UserError
from nst.rundir import run_json


def test_the_fields_are_those_of_the_schema():
    assert {"schema", *run_json.FIELDS} == set(SCHEMA["properties"])
    assert set(run_json.STATUSES) == set(SCHEMA["properties"]["status"]["enum"])
    names = {"string": str, "object": dict, "array": list, "null": type(None)}
    for name, kind in run_json.FIELDS.items():
        if kinds := SCHEMA["properties"][name].get("type"):  # best and last refer to another
            kinds = [kinds] if isinstance(kinds, str) else kinds
            found = getattr(kind, "__args__", (kind,))
            assert set(found) == {names[one] for one in kinds}, name


def test_both_manners_read_the_same_whole_record(tmp_path: Path):
    write_run(tmp_path, None)
    found = run_json.earlier(tmp_path)
    assert found == run_json.read(tmp_path)
    assert found is not None
    assert found["best"]["total"] == 5.5
    assert found["same_as"] is None  # an older record has no such field


def test_where_there_is_none(tmp_path: Path):
    assert run_json.earlier(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"best": [1]}, "best"),
        ({"error": 3, "config_hash": {}}, "config_hash, error"),
        ({"best": {"step": 1.5, "total": 2.0}}, "best.step"),
        ({"best": {"step": 1}}, "best.total"),
    ],
)
def test_a_field_of_another_type_is_refused_or_missing(
    tmp_path: Path, change: dict[str, Any], wrong: str
):
    (tmp_path / "run.json").write_text(json.dumps(record() | change))
    with pytest.raises(UserError) as error:
        run_json.earlier(tmp_path)
    assert str(error.value) == (f"{tmp_path}/run.json can't be read ({wrong}): take another folder")
    assert run_json.read(tmp_path)["status"] == "finished"
