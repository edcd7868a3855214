"""Models as MONAI bundles: what a bundle's configuration names, and what writes one."""
