"""Pixels: everything that touches rasterio, pycolmap or an image file."""
