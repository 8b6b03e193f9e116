"""Problems that are PyTorch modules; only what a problem needs imports torch."""
