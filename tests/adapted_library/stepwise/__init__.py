"""A library of optimizers that knows nothing of optframe: its classes own their parameters."""

print("stepwise: loaded")
