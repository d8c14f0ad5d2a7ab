# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball is the same whoever makes it, and holds nothing stray."""

import functools
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, SOURCE, Skip, main, none_of, same, test  # noqa: E402

# What autotools make, which git ignores.
GENERATED = re.compile(r"aclocal\.m4|build-aux/[^/]+|config\.h\.in|configure"
                       r"|Makefile\.in")


def run(command, folder, umask, **env):
    """Runs a command with an environment in which make finds no parent."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEFILES",
                             "SOURCE_DATE_EPOCH", "top_builddir",
                             "top_srcdir")}
    done = subprocess.run(
        command, cwd=folder, env={**clean, **env}, umask=umask,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout[-2000:]}")


def tarball(folder, umask, **env):
    """Packs what was configured in a folder: (name, bytes). What was packed
    there before stays, and nothing else, since "make distcheck" minds."""
    if shutil.which("xz") is None:
        raise Skip("xz is missing")
    before = {path: path.read_bytes()
              for path in pathlib.Path(folder).glob("*.tar.xz")}
    for path in before:
        path.unlink()
    try:
        # All but the best compression, which takes most of the time.
        run(["make", "dist"], folder, umask, XZ_OPT="-0", **env)
        found = list(pathlib.Path(folder).glob("*.tar.xz"))
        same(len(found), 1, "tarballs")
        packed = found[0].read_bytes()
        found[0].unlink()
    finally:
        for path, content in before.items():
            path.write_bytes(content)
    return found[0].name, packed


@functools.lru_cache(None)
def ours():
    """The same of this build, packed by somebody else than the owner of the
    checkout."""
    return tarball(BUILD, 0o027, TZ="UTC", LC_ALL="C",
                   GIT_TEST_ASSUME_DIFFERENT_OWNER="1")


def members(packed):
    """What a tarball holds, in its order."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return archive.getmembers()


@test
def tarball_is_reproducible():
    name, packed = ours()
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / name).write_bytes(packed)
        run(["tar", "-xf", name], root, 0o077)
        source = next(path for path in pathlib.Path(root).iterdir()
                      if path.is_dir())
        build = pathlib.Path(root) / "elsewhere"
        build.mkdir()
        # A group's folder, whose new folders are the group's as well.
        build.chmod(0o2700)
        # On a host that has none of the libraries.
        run([source / "configure", "-q", "PKG_CONFIG=false"], build, 0o077)
        same(tarball(build, 0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
             == (name, packed), True,
             "the same bytes from another folder, umask, time zone and host")
        _, old = tarball(build, 0o022, SOURCE_DATE_EPOCH="1234567890")
        same({member.mtime for member in members(old)}, {1234567890})


@test
def tarball_names_nobody():
    found = members(ours()[1])
    same({(m.uid, m.gid, m.uname, m.gname) for m in found},
         {(0, 0, "", "")}, "owners")
    same({oct(m.mode) for m in found} - {"0o644", "0o755"}, set(), "modes")
    names = [m.name for m in found]
    same(names, sorted(names, key=lambda name: name.split("/")), "order")


def git(*words):
    """What git says about the checkout."""
    return subprocess.run(["git", "-C", SOURCE, *words], capture_output=True,
                          text=True, check=True).stdout


@test
def tarball_has_what_git_knows_and_no_more():
    if not os.path.exists(os.path.join(SOURCE, ".git")):
        raise Skip("not in a checkout")
    if shutil.which("git") is None:
        raise Skip("git is missing")
    tracked = git("ls-files", "-z").rstrip("\0").split("\0")
    known = {*tracked, *git("ls-files", "-z", "--others",
                            "--exclude-standard").split("\0")}
    found = members(ours()[1])
    same({member.mtime for member in found},
         {int(git("log", "-1", "--format=%ct"))}, "times")
    names = {member.name.partition("/")[2] for member in found
             if member.isfile()}
    none_of([name for name in names
             if name not in known and not GENERATED.fullmatch(name)],
            "stray files in the tarball")
    none_of([name for name in tracked
             if name not in names and not name.startswith((".ci/", ".git"))
             and os.path.exists(os.path.join(SOURCE, name))],
            "the tarball lacks")


@test
def what_was_installed_can_be_removed():
    """All of it, but for folders that others have files in as well."""
    with tempfile.TemporaryDirectory() as root:
        for target in ("install", "uninstall"):
            run(["make", target, f"DESTDIR={root}"], BUILD, 0o022)
            there = list(pathlib.Path(root).rglob("*"))
            same(any(path.is_file() for path in there), target == "install",
                 "files")
        none_of([path for path in there
                 if path.name in ("lifeline-plugins", "outages")], "is left")


@test
def builds_need_the_same_everywhere():
    """What the README says, the tests install, and Debian's package names."""
    def read(*names):
        with open(os.path.join(SOURCE, *names), encoding="utf-8") as file:
            return file.read()

    def libraries(text):
        return sorted(set(re.findall(r"\blib[a-z0-9-]+-dev\b", text))
                      - {"libc6-dev", "libcmocka-dev"})

    needed = libraries(" ".join(re.findall(
        r"^build: .*", read("contrib", "packages"), re.M)))
    same(len(needed) > 5, True, "libraries")
    same(libraries(read("README").split("Fedora (")[0]), needed, "README")
    same(libraries(read("contrib", "debian", "control")), needed, "control")
    least = re.compile(r"([\w.-]+)\)? >= ([\d.]+)")
    asked = "".join(re.findall(r"^PKG_CHECK_MODULES.*", read("configure.ac"),
                               re.M))
    same(set(least.findall(read("contrib", "rpm", "lifeline-plugins.spec"))),
         set(least.findall(asked)), "the spec")


if __name__ == "__main__":
    main()
