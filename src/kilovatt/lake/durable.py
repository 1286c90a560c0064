"""Files that survive a power cut: written whole under another name, forced to disk, then renamed."""

import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS = 2048


def force(path: Path) -> None:
    """Force a file or folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_parquet(rows: pa.Table, target: Path, *, encodings: Mapping[str, str] | None = None) -> int:
    """Write rows to `target` so that it is either whole or not there; return its size [bytes].

    `encodings` are by column, for those that are not to be written in Parquet's own way.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        pq.write_table(
            rows,
            draft,
            compression="zstd",
            row_group_size=ROW_GROUP_ROWS,
            use_dictionary=["source", "quantity", "moment"],
            column_encoding=dict(encodings) if encodings else None,
            write_statistics=True,
        )
        force(draft)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    force(target.parent)
    return target.stat().st_size
