"""Leash: replaces itself with a program that the kernel ends together with its parent, however the parent dies.

    python -I -S leash.py SIGNAL USER:GROUP PROGRAM ARGUMENT…     (numbers; `-` keeps the caller's)

A separate program, because the proof starts children from threads, where no code may run between fork and
exec.
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
    # The preload is for the program: the leash may run as another user.
    preload = os.environ.pop("LEASH_PRELOAD", None)
    if preload is not None:
        os.environ["LD_PRELOAD"] = preload
    os.execvp(command[0], command)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    main()
