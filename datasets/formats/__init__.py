"""Read and paint labels in the forms in which tools and publishers write them."""
