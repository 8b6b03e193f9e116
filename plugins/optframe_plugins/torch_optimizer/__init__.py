"""Runs one of PyTorch's optimizers as an optimizer of optframe; its modules import torch late."""
