"""The parts of a race: how it decides, what its sides are, and how each is timed."""
