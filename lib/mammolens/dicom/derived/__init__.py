"""Results as DICOM objects that a PACS stores with the images: docs/dicom-objects.md."""
