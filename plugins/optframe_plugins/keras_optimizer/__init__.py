"""Runs one of Keras's optimizers as an optimizer of optframe; its modules import keras late."""
