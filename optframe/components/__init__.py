"""Names and the objects that they stand for: hooks, plugins, registry, parameters, notation."""
