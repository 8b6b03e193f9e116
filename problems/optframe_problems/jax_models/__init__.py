"""Problems that are losses written in JAX; only what a problem needs imports jax."""
