"""Tells a writer that lives from one that died: the system drops a lock with its process."""

from __future__ import annotations

import errno
import fcntl

# Some network file systems (Lustre without its option, old NFS) have no locks. A recording must be possible there.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


def try_lock(fd: int) -> bool:
    """Lock the open file until it is closed; False where another process holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def is_locked(fd: int) -> bool | None:
    """Whether another process holds the lock of this file, open for reading; None where there are no locks.

    It is taken for a moment to find out, so ask only when a writer has surely taken it.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return None
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False
