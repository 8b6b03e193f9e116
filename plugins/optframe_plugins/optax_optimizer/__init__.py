"""What the adapter of optax makes components of; only a typed path imports jax and optax."""
