"""Says in which convention optimizers of the same name differ."""
