"""HCL: a unit's own root module, and the composed one."""
