"""A package, since MONAI Label installs one of this name, whose parts would be taken for ours."""
