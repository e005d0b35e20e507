"""The environment of a Terraform process: what reaches it, and what must not.

Left out, because a plan made with them would not be the plan of the configuration:
`TF_VAR_*`, `TF_CLI_ARGS*`, `TF_WORKSPACE`, `TF_DATA_DIR`, `TF_REATTACH_PROVIDERS`. `TF_LOG*` is
left out too; `PYTG_TF_LOG` sets Terraform's log level instead, and the log goes to the file of
its standard error.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

LEFT_OUT = ("TF_VAR_", "TF_CLI_ARGS", "TF_LOG", "TF_WORKSPACE", "TF_DATA_DIR", "TF_REATTACH")
CLI_CONFIG = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")


def environment(
    environ: Mapping[str, str],
    *,
    emulator: bool,
    cli_config: Path | None = None,
    plugin_cache: Path | None = None,
) -> dict[str, str]:
    """The environment for Terraform, from `environ`.

    emulator: every account concerned is an emulator of AWS. No `AWS_*` variable and neither of
        the shared AWS files then reaches Terraform, so that real credentials cannot be used.
        A run that touches a real account keeps them all.
    cli_config: the file that `provider_mirror.cli_config` wrote; None leaves the user's in force,
        where it exists.
    plugin_cache: where downloaded providers are kept, unless the user has such a directory.
    """
    env = {name: value for name, value in environ.items() if not name.startswith(LEFT_OUT)}
    for name in CLI_CONFIG:
        if name in env and (cli_config is not None or not Path(env[name]).is_file()):
            del env[name]
    if cli_config is not None:
        env["TF_CLI_CONFIG_FILE"] = str(cli_config)
    if plugin_cache is not None and "TF_PLUGIN_CACHE_DIR" not in env:
        plugin_cache.mkdir(parents=True, exist_ok=True)
        env["TF_PLUGIN_CACHE_DIR"] = str(plugin_cache)
        # each root has a lock file of its own, which nobody shares: it need not list the
        # checksums of every platform, and without this each root would download again
        env["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
    if environ.get("PYTG_TF_LOG"):
        env["TF_LOG"] = environ["PYTG_TF_LOG"]
    env.setdefault("GOGC", "300")  # a third less CPU with the AWS provider, for some memory
    env |= {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    return _without_aws(env) if emulator else env


def _without_aws(env: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in env.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
