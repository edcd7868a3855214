"""The MONAI Label app: mammograms in, anomaly maps, scores and accepted normals out, over HTTP."""
