"""Failures of activities: retryable if another attempt may do better, otherwise with a type and the author's line."""

from __future__ import annotations

import errno
import os
import traceback

from botocore.exceptions import ClientError
from temporalio.exceptions import ApplicationError

from .store_errors import is_permanent

#: What concerns a file itself: it stays as it is until somebody changes the file.
_OF_FILES = {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP}


def failure(kind: str, message: str) -> ApplicationError:
    """Return a failure that every attempt would repeat."""
    return ApplicationError(message, type=kind, non_retryable=True)


def passes(error: BaseException) -> bool:
    """Return whether another attempt may do better: the error is of the machine or the network, not of a file."""
    if isinstance(error, ClientError):
        return not is_permanent(error)
    if type(error).__module__.startswith(("botocore", "s3transfer", "urllib3")):
        return True
    if not isinstance(error, OSError):
        return False
    if isinstance(error, (ConnectionError, TimeoutError)):
        return True
    if isinstance(error.errno, int):
        return error.errno not in _OF_FILES
    # The author's own, or of a library. urllib and requests raise theirs while they handle one of the system.
    cause = error.__cause__ or error.__context__
    return cause is not None and passes(cause)


def of_task(error: BaseException, file: str) -> ApplicationError:
    """Return the failure of a task that is defined in a file, whose code raised an error."""
    where = author_line(error, file)
    if isinstance(error, OSError) and error.errno in _OF_FILES:
        return failure("DataSetUnusable", f"Cannot use a file of the task: {error} ({where})")
    return failure("TaskFailed", f"{type(error).__name__}: {error} ({where})")


def author_line(error: BaseException, file: str) -> str:
    """Return `file:line` of the innermost call in the folder of a task's file; of any file if there is none.

    Packages may lie in that folder too, as in `.venv`.
    """
    folder = os.path.join(os.path.dirname(os.path.realpath(file)), "")
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        one
        for one in frames
        if os.path.realpath(one.filename).startswith(folder) and "-packages" + os.sep not in one.filename
    ]
    innermost = (own or frames)[-1]
    return f"{innermost.filename}:{innermost.lineno}"
