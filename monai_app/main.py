"""What `monailabel start_server --app monai_app` loads: MONAI Label looks for an app class in main.py."""

from mammolens.labelapp.app import MammoLensApp

__all__ = ["MammoLensApp"]
