"""This process by a name that tells, on the same machine, whether it still lives."""

import hashlib
import os
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


def holder_name() -> str:
    """Return who this process is, for the lock: host, process id, and the machine's run whose ids these are."""
    return f"{os.uname().nodename}:{os.getpid()}{_machine()}"


def is_gone(holder: str) -> bool:
    """Whether a holder was a process of this machine, since its last start, and has ended; False where unknown."""
    name, mark, _ = holder.partition("@")
    number = name.rpartition(":")[2]
    if not mark or holder.removeprefix(name) != _machine() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    """Hosts and process ids repeat: containers share names, machines start again.

    Empty where the system has no such files.
    """
    try:
        said = f"{_BOOT.read_text().strip()} {_PROCESSES.readlink()}"
    except OSError:
        return ""
    return f"@{hashlib.sha256(said.encode()).hexdigest()[:8]}"
