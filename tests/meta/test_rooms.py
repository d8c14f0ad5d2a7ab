# SPDX-License-Identifier: GPL-3.0-or-later
"""The source keeps to its own house rules: who includes whom, what is
banned, how it is written."""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, SOURCE, Skip, main, none_of, same, test  # noqa: E402

# Rooms that a room may include headers of, beside its own.
MAY_INCLUDE = {
    "core": set(),
    "judge": {"core"},
    "loop": {"core"},
    "report": {"core", "judge"},
    "cli": {"core", "judge", "report"},
    "dns": {"core", "judge"},
    "dnsnet": {"core", "loop", "dns"},
    "tls": {"core"},
    "mail": {"core", "judge", "dns"},
    "webnet": {"core", "loop"},
    "mailnet": {"core", "loop", "dns", "mail", "tls", "webnet"},
    "page": {"core", "dns", "judge"},
    "pagenet": {"core", "loop", "dns", "dnsnet", "page", "tls",
                "webnet"},
    "store": {"core", "dns", "mail", "page"},
    "dnscli": {"core", "cli", "dns", "dnsnet", "store"},
    "mailcli": {"core", "cli", "loop", "dns", "dnsnet", "dnscli", "mail",
                "mailnet", "store", "tls"},
    "pagecli": {"core", "cli", "loop", "dns", "dnsnet", "page", "pagenet",
                "store", "tls"},
}

# Rooms whose .c files may include a foreign header.
FOREIGN = {
    r"ares(_\w+)?\.h": {"dnsnet"},
    r"ldns/.*": {"dnsnet"},
    r"curl/curl\.h": {"mailnet", "pagenet", "webnet"},
    r"libesmtp\.h": {"mailnet"},
    r"auth-client\.h": {"mailnet"},
    r"sys/prctl\.h": {"mailnet"},  # of Linux
    r"openssl/.*": {"dnsnet", "mailnet", "pagenet", "tls"},
    r"idn2\.h": {"dnsnet"},
    r"libpsl\.h": {"dnsnet"},
    r"maxminddb\.h": {"dnsnet"},
    r"expat\.h": {"page"},
    r"jansson\.h": {"page", "store"},
}

# Headers of C11 and POSIX.1-2008, and those of getrandom() and flock().
STANDARD = set("""
assert ctype errno float inttypes iso646 limits locale math regex setjmp signal
stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
string strings tgmath time uchar wchar wctype
arpa/inet dirent fcntl grp net/if netdb netinet/in netinet/tcp poll pwd
spawn sys/file sys/mman sys/random sys/resource sys/select sys/socket sys/stat sys/time
sys/types sys/uio sys/un sys/utsname sys/wait unistd
""".split())

# Rooms that compute only: no input, no output, no clock.
PURE = {"judge", "dns", "mail", "page"}
IMPURE = {"fcntl", "netdb", "poll", "signal", "sys/socket",
          "sys/stat", "time", "unistd"}

BANNED = """atoi atol sscanf strcpy strcat strncpy strncat sprintf vsprintf
strtok gets system popen gmtime localtime ctime asctime mktemp rand
setlocale alloca""".split()

# Who alone may call what.
ONLY_IN = {
    "getenv": {"common/cli/"},
    "clock_gettime": {"common/core/clock.c", "common/cli/cli.c"},
    "gettimeofday": set(),
    "time": set(),
    "printf": set(),
    "fprintf": set(),
    "puts": set(),
    "perror": set(),
    "exit": set(),
    "abort": set(),
}

FUNCTION_MAX = 70

LICENSED = (".c", ".h", ".py", ".sh", ".m4", ".ac", ".am", ".bash", ".pl",
            ".conf", ".cfg", ".8")


def read(path):
    """The text of a file of the source."""
    with open(os.path.join(SOURCE, path), encoding="utf-8",
              errors="surrogateescape") as file:
        return file.read()


def files(*folders, endings=(".c", ".h")):
    """The paths of all files in the folders, from the top of the source."""
    found = []
    for folder in folders:
        for where, inside, names in os.walk(os.path.join(SOURCE, folder)):
            inside[:] = [name for name in inside if not name.startswith(".")
                         and name not in ("_build", "build-aux", "__pycache__",
                                          "autom4te.cache")]
            found += [os.path.relpath(os.path.join(where, name), SOURCE)
                      for name in names if name.endswith(endings)]
    return sorted(found)


def code_of(path):
    """The C of a file: without comments, and strings without content."""
    def blank(match):
        text = match.group(0)
        if text.startswith("/*"):
            return "\n" * text.count("\n")
        return text[0] * 2
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                  blank, read(path), flags=re.S)


def includes(path):
    """What a file includes: (header, whether in angle brackets)."""
    return [(name, bracket == "<") for bracket, name in re.findall(
        r'^#\s*include\s+([<"])([^>"]+)[>"]', read(path), flags=re.M)]


def room_of(path):
    """"core" of "common/core/mem.h"; None outside of common."""
    parts = path.split("/")
    return parts[1] if parts[0] == "common" and len(parts) > 2 else None


@test
def there_is_something_to_test():
    same(len(files("common", "plugins")) > 40, True)


@test
def config_comes_first():
    none_of([path for path in files("common", "plugins", "tests",
                                    endings=".c")
             if includes(path)[0] != ("config.h", False)])


@test
def rooms_include_only_their_neighbours():
    bad = []
    for path in files("common"):
        room = room_of(path)
        for name, _ in includes(path):
            other = room_of(name)
            if name.startswith("tests/") or name.startswith("plugins/"):
                bad.append(f"{path}: {name}")
            elif other and other != room and \
                    other not in MAY_INCLUDE[room]:
                bad.append(f"{path}: {name}")
    none_of(bad)


@test
def foreign_headers_stay_in_their_room():
    bad = []
    for path in files("common", "plugins"):
        for name, in_brackets in includes(path):
            if not in_brackets or name[:-2] in STANDARD:
                continue
            rooms = set()
            for pattern, at_home in FOREIGN.items():
                if re.fullmatch(pattern, name):
                    rooms = at_home
            if room_of(path) not in rooms or path.endswith(".h"):
                bad.append(f"{path}: <{name}>")
    none_of(bad)


@test
def pure_rooms_are_pure():
    none_of([f"{path}: <{name}>" for path in files("common")
             for name, _ in includes(path)
             if room_of(path) in PURE and name[:-2] in IMPURE])


@test
def headers_stand_alone():
    compiler = shutil.which("cc")
    if compiler is None:
        raise Skip("no cc")
    bad = []
    for path in files("common", endings=".h"):
        done = subprocess.run(
            [compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-I", SOURCE,
             "-I", BUILD, "-fsyntax-only", "-x", "c",
             os.path.join(SOURCE, path)],
            stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            bad.append(f"{path}: {done.stderr.decode()}")
    none_of(bad)


@test
def nothing_banned_is_called():
    bad = []
    for path in files("common", "plugins", "tests"):
        for number, line in enumerate(code_of(path).split("\n"), 1):
            for name in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
                if name in BANNED:
                    bad.append(f"{path}:{number}: {name}()")
    none_of(bad)


@test
def each_service_has_one_reader():
    bad = []
    for path in files("common", "plugins"):
        for number, line in enumerate(code_of(path).split("\n"), 1):
            for name in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
                if name in ONLY_IN and not any(
                        path.startswith(where) for where in ONLY_IN[name]):
                    bad.append(f"{path}:{number}: {name}()")
            if re.search(r"\bstderr\b|\benviron\b", line):
                bad.append(f"{path}:{number}: {line}")
    none_of(bad)


@test
def comments_are_of_one_kind():
    none_of([f"{path}:{number}" for path in files("common", "plugins", "tests")
             for number, line in enumerate(code_of(path).split("\n"), 1)
             if "//" in line])


@test
def nothing_mutable_is_global():
    """By the symbols of the libraries; constants with pointers are in a
    section of their own."""
    if shutil.which("objdump") is None:
        raise Skip("no objdump")
    bad, seen = [], 0
    for room in MAY_INCLUDE:
        library = os.path.join(BUILD, "common", room, f"lib{room}.a")
        if not os.path.exists(library):
            continue
        listing = subprocess.run(["objdump", "-t", library], check=True,
                                 stdout=subprocess.PIPE).stdout.decode()
        for line in listing.splitlines():
            match = re.search(r" O (\S+)\s+\S+\s+(\S+)$", line)
            seen += match is not None
            # Sanitizers and fuzzers add variables that begin so.
            if match and re.match(r"\.(data|bss)(?!\.rel\.ro)", match[1]) \
                    and not re.match(r"__|\.?L?__", match[2]):
                bad.append(f"{room}: {match[2]} in {match[1]}")
    same(seen > 0, True, "no symbols")
    none_of(bad)


@test
def functions_are_short():
    bad = []
    for path in files("common", "plugins", "tests", endings=".c"):
        start = None
        for number, line in enumerate(read(path).split("\n"), 1):
            if line.startswith("{"):
                start = number
            elif line.startswith("}") and start:
                if number - start > FUNCTION_MAX:
                    bad.append(f"{path}:{start}: {number - start} lines")
                start = None
    none_of(bad)


@test
def licence_is_in_every_file():
    paths = files("common", "plugins", "tests", "contrib", ".ci",
                  endings=LICENSED)
    paths += ["configure.ac", "Makefile.am"]
    same(len(paths) > 60, True, "files")
    none_of([path for path in paths
             if "SPDX-License-Identifier: GPL-3.0-or-later"
             not in "".join(read(path).splitlines(True)[:3])])


@test
def no_file_names_a_machine():
    words = re.compile("/wor" "k/|/tmp/buil" "d-|/hom" "e/[a-z]|/roo" "t/")
    none_of([f"{path}: {words.search(read(path)).group(0)}"
             for path in files("", endings="")
             if not path.endswith((".o", ".a", ".log", ".trs"))
             and words.search(read(path))
             and path.split("/")[0] in ("common", "plugins", "tests",
                                        "contrib", ".ci", "README",
                                        "NEWS", "configure.ac", "Makefile.am")
             and not path.startswith("tests/fuzz/corpus")])


@test
def format_is_clang_formats():
    tool = shutil.which("clang-format-14")
    if tool is None:
        raise Skip("clang-format-14 is missing")
    if not os.path.exists(os.path.join(SOURCE, ".clang-format")):
        raise Skip("not in a source distribution")
    paths = files("common", "plugins", "tests")
    done = subprocess.run(
        [tool, "--dry-run", "--Werror", *paths], cwd=SOURCE, check=False,
        stderr=subprocess.PIPE)
    complaints = done.stderr.decode().splitlines()
    none_of([line for line in complaints if "error:" in line])
    same(done.returncode, 0)


main()
