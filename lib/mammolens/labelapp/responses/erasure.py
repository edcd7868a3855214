"""What is erased for a patient."""

from __future__ import annotations

from pydantic import Field

from mammolens.labelapp.responses.base import Response


class ErasureReport(Response):
    """What would be erased, or was."""

    done: bool = Field(description="False: it would be erased")
    exams: list[str] = Field(description="ids")
    images: int = Field(description="that the server remembers, with scores and marks")
    results: int = Field(description="stored results of images and exams: maps, small pictures, DICOM objects")
    labels: int = Field(description="files of labels")
    copies: int = Field(description="images that were uploaded, received, or cached from the PACS")
    decisions: int = Field(description="entries of the ledger, which become tombstones")
    audit_records: int = Field(description="of the access audit, which no longer say whose data were accessed")
    originals_left: int = Field(
        description="images in the folder of studies or the PACS, which the server never removes"
    )
    models: list[str] = Field(
        description="versions that may have learned from the patient: added since the first decision"
    )
    reader_studies: list[str] = Field(description="studies that have an exam of the patient, by its id")

    def in_words(self) -> str:
        """The counts, for the audit log."""
        counts = {
            "exams": len(self.exams),
            "images": self.images,
            "results": self.results,
            "labels": self.labels,
            "copies": self.copies,
            "decisions": self.decisions,
            "audit records": self.audit_records,
        }
        return ", ".join(f"{count} {name}" for name, count in counts.items())
