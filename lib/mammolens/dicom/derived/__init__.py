"""Results as DICOM objects that a PACS keeps beside the images: docs/dicom-objects.md."""
