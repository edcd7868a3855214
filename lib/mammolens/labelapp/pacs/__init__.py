"""DICOMweb (PS3.18): which mammograms a PACS has, one at a time, and results sent back."""
