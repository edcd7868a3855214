"""OHIF with the mode 'MammoLens': the viewer of MONAI Label's wheel, configured by ES modules of ours."""
