"""Keep blobs in a bucket that speaks S3: ``S3Blobs``; the only module that imports boto3.

An object appears when its upload is complete, so a key has a complete file or none. Every object
carries the sha256 of its content; the server checks what it receives, and we check what we read.
Readers that need a file (GDAL, OpenCV) are lent one from a bounded cache.
"""

import base64
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from inspection.errors import BadInput, Broken, NotFound, TenkenError, Unavailable
from inspection.store.blobs import BlobStat
from inspection.store.filecache import FileCache
from inspection.store.keys import check_key, check_prefix

PART_BYTES = 16 * 1024 * 1024
"""Size of a part of an upload; S3 takes 10 000 parts of an object, so 160 GB."""

COPY_MAX_BYTES = 5 * 1024**3
"""Largest object that can be copied onto itself. Source: Amazon S3 API, CopyObject."""

DIGEST = "tenken-sha256"
"""Name of the metadata that holds the digest of an object's content."""

BLOCK_BYTES = 1 << 20

OVERTAKEN_MOST = 3
"""How often a blob may be written over while it is fetched before its reader gives up."""

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
GONE = frozenset({"404", "NoSuchKey", "NotFound"})
DENIED = frozenset({"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Name where in S3 blobs lie.

    Attributes:
        bucket: name of the bucket, which must be there.
        prefix: beginning of the keys, empty or with a slash at its end.
    """

    bucket: str
    prefix: str

    @property
    def words(self) -> str:
        """Give it as people write it."""
        return f"s3://{self.bucket}/{self.prefix}".removesuffix("/")


def read_place(url: str) -> Place:
    """Read ``s3://bucket/prefix``.

    Raises:
        BadInput: when it is something else; keys and secrets do not belong into it.

    >>> read_place("s3://tenken/ishikawa")
    Place(bucket='tenken', prefix='ishikawa/')
    """
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    foreign = parts.username or parts.password or parts.query or parts.fragment or parts.port
    if parts.scheme != "s3" or not parts.hostname or foreign:
        raise BadInput(
            "TENKEN_BLOBS_URL is s3://BUCKET or s3://BUCKET/PREFIX, nothing else; endpoint and "
            "keys come from AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if prefix:
        check_key(prefix)
    return Place(bucket=parts.netloc, prefix=f"{prefix}/" if prefix else "")


class S3Blobs:
    """Keep blobs as objects below a prefix of a bucket."""

    def __init__(self, url: str, cache: FileCache) -> None:
        """Use a bucket; credentials, region and endpoint are read where AWS's own tools read them.

        Raises:
            BadInput: when the URL names no bucket.
        """
        self.place = read_place(url)
        self._cache = cache
        self._clients: dict[int, Any] = {}

    def put_file(self, key: str, source: Path) -> None:
        """Send a file to a key, in parts when it is large; an equal one there stays as it is.

        Raises:
            BadInput: when the key is unusable.
            NotFound: when the source does not exist.
            Unavailable: when the store cannot be reached or refuses.
        """
        name = self._name(key)
        if not source.is_file():
            raise NotFound(f"file {source} does not exist and cannot be kept as {key}")
        sha256, size = _sha256_of(source), source.stat().st_size
        found = self._head(key)
        if found is not None and _digest_of(found) == sha256 and size <= COPY_MAX_BYTES:
            self._touch(name, sha256)
            return
        options = {"Metadata": {DIGEST: sha256}, "ChecksumAlgorithm": "SHA256"}
        transfer = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES)
        with self._translated(key):
            self._client.upload_file(
                str(source), self.place.bucket, name, ExtraArgs=options, Config=transfer
            )
        kept = self._head(key)
        if kept is None or kept["ContentLength"] != size or _digest_of(kept) != sha256:
            raise Unavailable(
                f"blob {key!r} did not arrive whole in {self.place.words}, or somebody else wrote "
                "it at the same moment; try again"
            )

    def put_bytes(self, key: str, content: bytes) -> None:
        """Send bytes to a key.

        Raises:
            BadInput: when the key is unusable.
            Unavailable: when the store cannot be reached or refuses.
        """
        name, digest = self._name(key), hashlib.sha256(content)
        with self._translated(key):
            self._client.put_object(
                Bucket=self.place.bucket,
                Key=name,
                Body=content,
                Metadata={DIGEST: digest.hexdigest()},
                ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            )

    def read_bytes(self, key: str) -> bytes:
        """Read all bytes of a key.

        Raises:
            NotFound: when the key has no file.
            Broken: when the content is not what was written.
            Unavailable: when the store cannot be reached.
        """
        with self._translated(key):
            answer = self._client.get_object(Bucket=self.place.bucket, Key=self._name(key))
            content: bytes = answer["Body"].read()
        _check(key, _digest_of(answer), hashlib.sha256(content).hexdigest())
        return content

    def exists(self, key: str) -> bool:
        """Tell whether a key has a complete file."""
        return self._head(key) is not None

    def stat(self, key: str) -> BlobStat | None:
        """Give the size of a blob and when it was written or taken up last; None for no blob."""
        found = self._head(key)
        if found is None:
            return None
        return BlobStat(
            size_bytes=found["ContentLength"], touched_s=found["LastModified"].timestamp()
        )

    @contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        """Lend a file of a key from the cache, fetched first where it is not there.

        Raises:
            NotFound: when the key has no file.
            Broken: when the content is not what was written.
            Unavailable: when the store cannot be reached, or the file is larger than the cache.
        """
        with ExitStack() as stack:
            yield self._lent(key, stack)

    def _lent(self, key: str, stack: ExitStack) -> Path:
        """Lend what lies under a key now; what is written over meanwhile is asked for again."""
        for _ in range(OVERTAKEN_MOST):
            found = self._head(key)
            if found is None:
                raise NotFound(f"there is no blob {key!r}")
            version, size = _version_of(found), found["ContentLength"]
            fetch = partial(self._fetch, key, version)
            name = f"{self.place.words}\n{key}\n{version}"
            with suppress(_Overtaken):
                lent = self._cache.lent(name, size, fetch, suffix=Path(key).suffix)
                return stack.enter_context(lent)
        raise Unavailable(f"blob {key!r} is written again and again; try again")

    def delete(self, key: str) -> None:
        """Remove a key; a missing key is no error."""
        with self._translated(key):
            self._client.delete_object(Bucket=self.place.bucket, Key=self._name(key))

    def keys(self, prefix: str) -> Iterator[str]:
        """List the keys that begin with a prefix, sorted; an empty prefix lists all."""
        check_prefix(prefix)
        start = self.place.prefix + prefix
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated(prefix):
            found = [
                entry["Key"].removeprefix(self.place.prefix)
                for page in pages.paginate(Bucket=self.place.bucket, Prefix=start)
                for entry in page.get("Contents", ())
            ]
        return iter(sorted(found))

    def check(self) -> None:
        """Ask whether the bucket is there and may be listed; writes nothing.

        Raises:
            Unavailable: when not, with the cure.
        """
        with self._translated(""):
            self._client.list_objects_v2(
                Bucket=self.place.bucket, Prefix=self.place.prefix, MaxKeys=1
            )

    def prepare(self) -> bool:
        """Make the bucket where there is none; tell whether it was made.

        Raises:
            Unavailable: when the store cannot be reached or refuses.
        """
        with self._translated(""):
            try:
                self._client.head_bucket(Bucket=self.place.bucket)
            except ClientError as error:
                if str(error.response.get("Error", {}).get("Code")) not in GONE:
                    raise
                self._client.create_bucket(Bucket=self.place.bucket)
                return True
        return False

    @property
    def _client(self) -> Any:  # noqa: ANN401 boto3 makes its classes at run time
        """Give this process's client; a forked worker must not use its parent's connections."""
        process = os.getpid()
        if process not in self._clients:
            with self._translated(""):
                made = boto3.session.Session().client("s3", config=Config(**_options()))
            self._clients = {process: made}
        return self._clients[process]

    def _name(self, key: str) -> str:
        return self.place.prefix + check_key(key)

    def _head(self, key: str) -> dict[str, Any] | None:
        name = self._name(key)
        try:
            with self._translated(key):
                found: dict[str, Any] = self._client.head_object(Bucket=self.place.bucket, Key=name)
        except NotFound:
            return None
        return found

    def _touch(self, name: str, sha256: str) -> None:
        """Take an object up anew: whoever clears out what nobody wants sees it."""
        with self._translated(name):
            self._client.copy_object(
                Bucket=self.place.bucket,
                Key=name,
                CopySource={"Bucket": self.place.bucket, "Key": name},
                Metadata={DIGEST: sha256},
                MetadataDirective="REPLACE",
            )

    def _fetch(self, key: str, version: str, path: Path) -> None:
        """Write an object's content into a file and check it."""
        digest = hashlib.sha256()
        with self._translated(key), path.open("wb") as file:
            answer = self._client.get_object(Bucket=self.place.bucket, Key=self._name(key))
            if _version_of(answer) != version:
                raise _Overtaken
            for block in answer["Body"].iter_chunks(BLOCK_BYTES):
                digest.update(block)
                file.write(block)
        _check(key, _digest_of(answer), digest.hexdigest())

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        """Raise our own errors in place of boto3's, which name hosts and request ids."""
        try:
            yield
        except TenkenError:
            raise
        except ClientError as error:
            raise self._answered(key, error) from error
        except NoCredentialsError as error:
            raise Unavailable(
                f"{self.place.words} needs credentials: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or a role"
            ) from error
        except (BotoCoreError, boto3.exceptions.Boto3Error) as error:
            if isinstance(error.__context__, ClientError):  # of an upload in parts
                raise self._answered(key, error.__context__) from error
            kind = type(error).__name__
            raise Unavailable(
                f"{self.place.words} cannot be reached ({kind}); check AWS_ENDPOINT_URL and "
                "AWS_REGION"
            ) from error

    def _answered(self, key: str, error: ClientError) -> TenkenError:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code == "NoSuchBucket":
            return Unavailable(f"there is no bucket {self.place.bucket!r}; make it first")
        if code in GONE:
            return NotFound(f"there is no blob {key!r}")
        if code in DENIED:
            return Unavailable(
                f"{self.place.words} refuses these credentials ({code}); they need to list, read, "
                "write and delete there"
            )
        return Unavailable(f"{self.place.words} answers {code} for blob {key!r}; try again")


def _options() -> dict[str, Any]:
    """Say how to speak to S3; a server of one's own has no name for each of its buckets."""
    own = any(os.environ.get(name) for name in ENDPOINTS)
    return {
        "connect_timeout": 5,
        "read_timeout": 60,
        "max_pool_connections": 32,
        "retries": {"mode": "standard", "max_attempts": 4},
        **({"s3": {"addressing_style": "path"}} if own else {}),
    }


def _check(key: str, wanted: str | None, found: str) -> None:
    """Compare digests; an object that others put there has none of ours."""
    if wanted is not None and wanted != found:
        raise Broken(
            f"blob {key!r} has sha256 {found[:12]}…, {wanted[:12]}… was written; restore it from a "
            "backup"
        )


class _Overtaken(Exception):
    """Say that another content came under a key while it was asked for."""


def _version_of(answer: dict[str, Any]) -> str:
    """Name a content: by its digest, or as the server names what others put there."""
    return _digest_of(answer) or str(answer["ETag"])


def _digest_of(answer: dict[str, Any]) -> str | None:
    found = answer.get("Metadata", {}).get(DIGEST)
    return None if found is None else str(found)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
