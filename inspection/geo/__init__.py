"""Pure numbers: frames, cameras and pixel grids. No I/O."""
