"""What plugin authors test with; array-api-strict comes with the extra ``test``."""

from optframe.testing.backends import OverwritingBackend, ReadOnlyBackend, StrictBackend

__all__ = ["OverwritingBackend", "ReadOnlyBackend", "StrictBackend"]
