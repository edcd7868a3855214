"""MammoLens: learn what normal mammograms look like, show where a new one deviates.

Research use only, not a medical device.

The public names are those of the stub ``__init__.pyi``; each is imported when it is first used, so that
``import mammolens`` takes no time. All other modules may change without notice.
"""

import lazy_loader

__version__ = "0.1.0"
RESEARCH_USE_ONLY = "Research use only, not a medical device"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
