"""MammoLens: learn what normal mammograms look like, show where a new one deviates.

Research use only, not a medical device.
"""

__version__ = "0.1.0"
RESEARCH_USE_ONLY = "Research use only, not a medical device"
