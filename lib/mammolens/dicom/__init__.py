"""Files to :class:`~mammolens.types.Mammogram` and maps back to files; the DICOM standard's words."""
