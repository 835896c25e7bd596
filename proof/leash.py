"""Leash: replaces itself by a program that the kernel ends with its parent, however that one dies.

    python -I -S leash.py SIGNAL USER:GROUP PROGRAM ARGUMENT…     (numbers; `-` keeps the caller's)

A program of its own, because the proof starts its children from threads, where nothing may run between fork and exec.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent = os.getppid()
    number, who, *command = sys.argv[1:]
    if who != "-":
        user, group = map(int, who.split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    # After the change of user, which clears it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("its parent is gone")
    # What is to be loaded into the program is not to be loaded here, under another user.
    preload = os.environ.pop("LEASH_PRELOAD", None)
    if preload is not None:
        os.environ["LD_PRELOAD"] = preload
    os.execvp(command[0], command)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    main()
