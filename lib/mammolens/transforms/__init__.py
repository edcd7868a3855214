"""MONAI transform pairs, one a file; :mod:`mammolens.transforms.pipeline` composes them.

Tensors are ``(1, rows, cols)``, rows from top to bottom as stored in the image.
"""
