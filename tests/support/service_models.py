"""The descriptions of AWS's services, read once a process.

boto3 reads them once a session, and most tests of a room that talks to AWS make sessions of their
own: the models of S3 and of the endpoints are megabytes of JSON, and nothing changes them.
"""

from __future__ import annotations

from pathlib import Path

import boto3
import botocore.session
from botocore.loaders import Loader

BOTO3 = str(Path(boto3.__file__).parent / "data")


class OneLoader(Loader):
    """Every session adds boto3's directory to the paths: here it is there already."""

    @property
    def search_paths(self) -> list[str]:
        return [*super().search_paths, BOTO3]


def read_once() -> None:
    """From here on all sessions of this process share what was read."""
    loader = OneLoader()
    botocore.session.create_loader = lambda _data_path: loader
