"""What the MammoLens module of 3D Slicer consists of.

Client, worklist, jobs and fetching need neither Qt nor Slicer; overlay, layout and scene need MRML and no Qt.
Research use only, not a medical device.
"""

RESEARCH_USE_ONLY = "Research use only, not a medical device"
