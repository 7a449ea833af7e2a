"""Start an S3 server on loopback (moto's) and speak to it as to any other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest import mock

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "tenken"
KEYS = {
    "AWS_ACCESS_KEY_ID": "test-key-id",
    "AWS_SECRET_ACCESS_KEY": "test-secret-never-shown",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def s3_server() -> Iterator[str]:
    """Run a server with an empty bucket; the environment names it as AWS's tools expect."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        with mock.patch.dict(os.environ, {**KEYS, "AWS_ENDPOINT_URL": endpoint}):
            raw().create_bucket(Bucket=BUCKET)
            yield endpoint
    finally:
        server.stop()


def raw() -> Any:
    """Give a plain client, to look at what lies in the bucket and to damage it."""
    return _client(os.environ["AWS_ENDPOINT_URL"])


@cache
def _client(endpoint: str) -> Any:
    return boto3.session.Session().client("s3", endpoint_url=endpoint)
