"""A vehicle without a drone: for training, and as the other end of the tests."""
