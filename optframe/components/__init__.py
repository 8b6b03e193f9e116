"""Components by name: the hooks of plugins, the registry, parameters, and the short notation."""
