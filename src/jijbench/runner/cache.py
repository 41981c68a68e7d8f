"""The cache of descriptors kept within its size. Every worker of every run may read and write it at once.

``joblib`` writes an entry beside its place and renames it, so no reader sees half of one; an entry that cannot be read,
truncated by a full disk or removed by another run, is computed anew.
"""

from jijbench.context import current


def trim() -> None:
    """Remove the entries read longest ago until the folder holds no more than ``context().cache_gib``."""
    settings = current()
    if not settings.cache.is_dir():
        return
    from joblib import Memory

    Memory(settings.cache, verbose=0).reduce_size(bytes_limit=int(settings.cache_gib * 2**30))
