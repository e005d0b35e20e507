"""All of pytg that a run needs, loaded before one is forked."""

import importlib
import pkgutil

import pytg

for _module in pkgutil.walk_packages(pytg.__path__, "pytg."):
    importlib.import_module(_module.name)
