"""Checkpoints in S3: safetensors files, addressed by the SHA-256 of their bytes."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
from typing import Any, Callable

import boto3
import numpy as np
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from safetensors import SafetensorError
from safetensors.numpy import load

from .failures import failure
from .store_errors import advice, is_missing_object, is_permanent
from .task import State

_DTYPES = {
    "bool": "BOOL",
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"float{bits}": f"F{bits}" for bits in (16, 32, 64)},
}

_ADVICE = (
    "Restore the object and resume the run, or reset its root to its first task: then the run goes back to the newest "
    "round whose checkpoints are whole"
)

#: Parts of large objects, as activities/storage/large-objects.ts has them. S3 takes 10,000 of them: up to 160 GB.
_PART_BYTES = 16 * 1024 * 1024
#: What is read of a checkpoint at once.
_CHUNK_BYTES = 1024 * 1024
_IN_PARTS = TransferConfig(
    multipart_threshold=_PART_BYTES,
    multipart_chunksize=_PART_BYTES,
    max_concurrency=4,
    # The other one, which boto3 prefers on some machines, has errors of its own.
    preferred_transfer_client="classic",
)


class Checkpoints:
    """The objects of runs. The environment names the store, as for every AWS SDK."""

    def __init__(self) -> None:
        own_endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        self._s3 = boto3.client(
            "s3",
            config=Config(
                retries={"mode": "standard", "max_attempts": 4},
                # Servers other than Amazon's know buckets as folders, and not all know the newer checksums.
                s3={"addressing_style": "path" if own_endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        self._transferred: Callable[[], None] = lambda: None

    def telling(self, transferred: Callable[[], None]) -> Checkpoints:
        """Return the same objects, of which each part that was sent or received is told."""
        told = copy.copy(self)
        told._transferred = transferred
        return told

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Store an object; a large one in parts.

        Raises ApplicationError of type StoreRefuses, not retryable, if the store would refuse it again and again.
        """
        try:
            told = self._transferred
            self._s3.upload_fileobj(io.BytesIO(body), bucket, key, Config=_IN_PARTS, Callback=lambda _: told())
        except ClientError as error:
            raise _classified(error, f"Cannot put s3://{bucket}/{key}") from None

    def _read(self, content: StreamingBody) -> bytes:
        chunks = []
        for chunk in content.iter_chunks(_CHUNK_BYTES):
            chunks.append(chunk)
            self._transferred()
        return b"".join(chunks)

    def delete(self, bucket: str, key: str) -> None:
        """Delete an object, if there is one."""
        self._s3.delete_object(Bucket=bucket, Key=key)

    def put_state(self, storage: dict[str, str], folder: str, state: State, metadata: dict[str, str]) -> dict[str, Any]:
        """Store a state under its digest and return its reference."""
        body = encode(state, metadata)
        sha256 = hashlib.sha256(body).hexdigest()
        key = f"{storage['folder']}/{folder}/{sha256}.safetensors"
        self.put(storage["bucket"], key, body)
        return {"key": key, "sha256": sha256, "sizeBytes": len(body), "step": int(metadata["step"])}

    def get_state(self, bucket: str, reference: dict[str, Any]) -> State:
        """Return the state of a checkpoint.

        Raises ApplicationError, not retryable: of type CheckpointMissing if it is missing; of type CheckpointCorrupt
        if its bytes are others than the reference says; of type CheckpointUnusable if they are no safetensors file.
        """
        place = f"s3://{bucket}/{reference['key']}"
        try:
            body = self._read(self._s3.get_object(Bucket=bucket, Key=reference["key"])["Body"])
        except ClientError as error:
            if not is_missing_object(error):
                raise _classified(error, f"Cannot get {place}") from None
            raise failure("CheckpointMissing", f"Cannot use checkpoint {place}: it is missing. {_ADVICE}") from None
        found = hashlib.sha256(body).hexdigest()
        if found != reference["sha256"]:
            wanted = f"expected SHA-256 {reference['sha256']}, got {len(body)} bytes with SHA-256 {found}"
            raise failure("CheckpointCorrupt", f"Cannot use checkpoint {place}: {wanted}. {_ADVICE}")
        try:
            return load(body)
        except SafetensorError as error:
            raise failure("CheckpointUnusable", f"Cannot use checkpoint {place}: {error}") from None


def encode(state: State, metadata: dict[str, str]) -> bytes:
    """Return a state as a safetensors file.

    The package `safetensors` writes metadata in another order each time. The same state must give the same bytes, so
    this writes the file itself.
    """
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    parts: list[bytes] = []
    begin = 0
    for name, array in sorted(state.items()):
        array = np.asarray(array)
        dtype = _DTYPES.get(array.dtype.name)
        if dtype is None:
            raise TypeError(f"Cannot save tensor {name} of type {array.dtype}")
        data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [begin, begin + len(data)]}
        parts.append(data)
        begin += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def _classified(error: ClientError, doing: str) -> Exception:
    """Return the failure that a request led to: not retryable if the store refuses the request for good."""
    if not is_permanent(error):
        return error
    return failure("StoreRefuses", f"{doing}: {error}. {advice(error)} (docs/storage.md)")
