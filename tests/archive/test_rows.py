from __future__ import annotations

import json
from datetime import date

import jsonschema
import pyarrow as pa
import pytest

from mammolens.archive.rows import ExamRow, FailureKind, ImageRow, arrow_schema, arrow_table, failure_kind
from mammolens.archive.schema import rows_schema
from mammolens.enums import Laterality, QualityFlag
from mammolens.errors import InputError, NotAMammogramError, PixelDataError, UnexpectedImageError


@pytest.mark.parametrize("kind", [ImageRow, ExamRow])
def test_each_column_has_a_type_and_its_description(kind):
    schema = arrow_schema(kind)
    assert schema.names == list(kind.model_fields)
    assert schema.metadata[b"notice"].startswith(b"Research use only")
    for name, field in kind.model_fields.items():
        described = (schema.field(name).metadata or {}).get(b"description", b"").decode()
        assert described == (field.description or "")


def test_rows_survive_a_table():
    row = ImageRow(
        image="a.dcm",
        study_date=date(2020, 2, 29),
        laterality=Laterality.LEFT,
        pred_score=0.1,
        quality_flags=[QualityFlag.COARSE_PIXELS],
        thumbnail=b"\xff\x00",
    )
    failed = ImageRow(image="b.dcm", failure=FailureKind.PIXEL_DATA, failure_reason="cut off", failure_remedy="copy it")
    table = arrow_table(ImageRow, [row, failed])
    assert [ImageRow(**one) for one in table.to_pylist()] == [row, failed]
    assert table.schema.field("rows").type == pa.int32()
    assert not table.schema.field("image").nullable


def test_the_json_schema_describes_both_kinds_of_rows():
    schema = json.loads(rows_schema())
    assert set(schema["$defs"]) >= {"ImageRow", "ExamRow", "FailureKind"}
    jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InputError, "unreadable"),
        (NotAMammogramError, "not_a_mammogram"),
        (PixelDataError, "pixel_data"),
        (UnexpectedImageError, "unexpected"),
    ],
)
def test_errors_have_kinds(error, kind):
    assert failure_kind(error("a.dcm", "reason", "remedy")).value == kind
