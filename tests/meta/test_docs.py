# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plugin says of itself, its manual page, its fixtures, its commands
for monitors and its completion agree; and it needs no library that it should
not."""

import fnmatch
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from tap import BUILD, SOURCE, Skip, main, none_of, same, test  # noqa: E402

# Each plugin with the libraries it may need; all may need the C library.
DNS_LIBRARIES = {"libcares", "libldns", "libcrypto", "libidn2", "libpsl",
                 "libmaxminddb", "libjansson"}
PLUGINS = {
    "check_dns_delegation": DNS_LIBRARIES,
    "check_dns_secondary": DNS_LIBRARIES,
    "check_mail_flow": {"libcares", "libcrypto", "libesmtp", "libjansson",
                        "libssl"},
    "check_mx": DNS_LIBRARIES | {"libssl", "libcurl"},
    "check_status_page": {"libcares", "libidn2", "libpsl", "libjansson",
                          "libexpat", "libcurl", "libssl", "libcrypto"},
}
C_LIBRARY = {"libc", "ld-linux-x86-64", "ld-linux-aarch64"}
SANITIZERS = {"libasan", "libubsan", "libgcc_s", "libm", "libpthread",
              "libdl", "librt", "libresolv", "libstdc++"}

# Rules without a fixture: unit tests judge thresholds.
NO_FIXTURE = {"threshold"}
# Options for a person at a terminal, those that no command line may have, and
# that of what only Prometheus reads.
NOT_FOR_A_MONITOR = {"--accept", "--facts", "--help", "--init",
                     "--label", "--list-metrics", "--list-options", "--list-rules",
                     "--list-states", "--mailbox-password",
                     "--smtp-password", "--version", "--wait"}


def built():
    """The plugins that this build has, by name."""
    found = {}
    for name in PLUGINS:
        path = os.path.join(BUILD, "plugins", name)
        if os.path.exists(path):
            found[name] = path
    if not found:
        raise Skip("no plugin is built, for want of libraries")
    return found


def table(path, option):
    """The rows of --list-rules and the like."""
    done = subprocess.run([path, option], stdout=subprocess.PIPE, check=False)
    same(done.returncode, 3, f"{path} {option}")
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    same(len(rows) > 0, True, f"{path} {option} is empty")
    return rows


def readelf(path, *options):
    """What readelf says of a program."""
    if shutil.which("readelf") is None:
        raise Skip("readelf is missing")
    return subprocess.run(["readelf", "-W", *options, path], check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def is_sanitized(path):
    """Whether the build is one with sanitizers."""
    return "__asan_init" in readelf(path, "-s") or \
        "__ubsan" in readelf(path, "-s")


def read(path):
    """The text of a file of the source."""
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def words_of(line):
    """A line of mdoc(7) as its reader sees it: flags with their dashes,
    macros gone."""
    text, glue = "", ""
    dash = ""
    for word in line.split():
        if word == "Fl":
            dash = "-"
        elif word == "Ns":
            glue = ""
        elif not re.fullmatch(r"[A-Z][a-z]", word):
            text += glue + dash + word
            dash, glue = "", " "
    return text.replace('"', "")


def manual(name):
    """The lines of a manual page, "# TITLE" for the heads of sections and
    "* TAG" for the heads of entries."""
    text = re.sub(r'(?m)^\.\\".*\n?', "", read(f"plugins/{name}.8"))
    text = text.replace("\\-", "-").replace("\\&", "")
    lines = []
    for line in text.splitlines():
        if line.startswith(".Sh "):
            lines.append("# " + line[4:].strip('"'))
        elif line.startswith(".It "):
            lines.append("* " + words_of(line[4:]))
        elif line.startswith("."):
            lines.append(words_of(line[1:]))
        else:
            lines.append(line)
    return lines


def section(name, title):
    """The lines of one section."""
    lines, inside = [], False
    for line in manual(name):
        if line.startswith("# "):
            inside = line[2:].upper() == title
        elif inside:
            lines.append(line)
    same(len(lines) > 0, True, f"{name}.8 has no section {title}")
    return lines


def entries(name, title, ids):
    """The text of each entry of a section, which has one for each of ids."""
    found = []
    for line in section(name, title):
        if line.startswith("* "):
            found.append(line[2:])
        elif found:
            found[-1] += " " + line
    heads = [text.split()[0] for text in found]
    none_of(sorted(set(heads) ^ set(ids)), f"{name}.8 {title}")
    same(len(heads), len(ids), f"entries of {name}.8 {title}")
    return {text.split()[0]: " ".join(text.split()) for text in found}


def news_of(name):
    """The words of NEWS that are about all plugins, all of this kind, and
    this one: the paragraphs that begin at the margin are heads."""
    kind = name.split("_")[1].upper()
    words, is_ours = set(), False
    for paragraph in read("NEWS").split("\n\n"):
        if not paragraph.startswith(" "):
            is_ours = paragraph in ("Every plugin", f"Every {kind} plugin") \
                or paragraph.startswith(name + ":")
        if is_ours:
            words |= set(re.findall(r"[\w-]+", paragraph))
    return words


@test
def every_plugin_is_tested_here():
    found = glob.glob(os.path.join(SOURCE, "plugins", "check_*.c"))
    same(sorted(os.path.basename(path)[:-2] for path in found),
         sorted(PLUGINS))


@test
def libraries_are_those_it_needs():
    bad = []
    for name, path in built().items():
        may = PLUGINS[name] | C_LIBRARY
        if is_sanitized(path):
            may |= SANITIZERS
        for library in re.findall(r"\(NEEDED\).*\[([^\]]+)\]",
                                  readelf(path, "-d")):
            if library.split(".so")[0] not in may:
                bad.append(f"{name}: {library}")
    none_of(bad)


@test
def programs_are_hardened():
    bad = []
    for name, path in built().items():
        if is_sanitized(path):
            raise Skip("a build with sanitizers")
        header = readelf(path, "-h")
        dynamic = readelf(path, "-d")
        segments = readelf(path, "-l")
        for what, holds in (
                ("position independent", "DYN" in header),
                ("BIND_NOW", "BIND_NOW" in dynamic or "NOW" in dynamic),
                ("RELRO", "GNU_RELRO" in segments),
                ("stack not executable",
                 re.search(r"GNU_STACK.* RW ", segments) is not None)):
            if not holds:
                bad.append(f"{name}: {what}")
    none_of(bad)


@test
def ids_are_what_they_should_be():
    bad = []
    for name, path in built().items():
        for option, pattern in (("--list-rules", r"[a-z0-9]+(-[a-z0-9]+)*"),
                                ("--list-metrics", r"[a-z0-9_]+")):
            ids = [row[0] for row in table(path, option)]
            bad += [f"{name} {option}: {word}" for word in ids
                    if not re.fullmatch(pattern, word)]
            bad += [f"{name} {option}: {word} twice" for word in ids
                    if ids.count(word) > 1]
        options = table(path, "--list-options")
        for column in (0, 1):
            words = [row[column] for row in options if row[column] != "-"]
            bad += [f"{name}: {word} twice" for word in words
                    if words.count(word) > 1]
    none_of(bad)


@test
def manual_has_every_rule():
    bad = []
    for name, path in built().items():
        rows = table(path, "--list-rules")
        found = entries(name, "RULES", [row[0] for row in rows])
        for rule, state, essential, title, reference in rows:
            tag = f"{rule} {state}"
            if essential != "-":
                tag += " , essential"
            tag += f" {title}"
            if reference != "-":
                tag += f" {reference}"
            if not found[rule].startswith((tag + " ", tag + ".")):
                bad.append(f"{name}: {tag!r} is not how {found[rule]!r} "
                           "begins")
    none_of(bad)


@test
def manual_has_every_option():
    bad = []
    for name, path in built().items():
        rows = table(path, "--list-options")
        text = " ".join(section(name, "OPTIONS"))
        for letter, option, *_ in rows:
            if not re.search(rf"{option}(?![a-z0-9-])", text):
                bad.append(f"{name}: {option}")
            if letter != "-" and not re.search(rf"(?<!\S){letter}\b", text):
                bad.append(f"{name}: {letter}")
        known = {row[1] for row in rows}
        bad += [f"{name}: {word} is no option" for word in
                re.findall(r"(?<!\S)--[a-z][a-z0-9-]*[a-z0-9]", text)
                if word not in known]
    none_of(bad)


@test
def manual_has_every_metric():
    bad = []
    for name, path in built().items():
        rows = table(path, "--list-metrics")
        found = entries(name, "METRICS", [row[0] for row in rows])
        for metric, unit, kind, title in rows:
            text = found[metric]
            if title not in text:
                bad.append(f"{name}: {title!r} is not in {text!r}")
            tag = metric + (f" ({unit})" if unit != "-" else "")
            if not text.startswith(tag + " "):
                bad.append(f"{name}: {tag!r} is not how {text!r} begins")
            if ("less is worse" in text) != ("less-is-worse" in kind):
                bad.append(f"{name}: is less of {metric} worse?")
    none_of(bad)


# Prometheus and Zabbix show each title by itself.
@test
def titles_of_metrics_stand_alone():
    none_of([f"{name}: {row[0]}: {row[3]}" for name, path in built().items()
             for row in table(path, "--list-metrics")
             if re.search(r"\b(these|those)\b|^of |\bdo not$", row[3])])


@test
def news_has_every_rule_option_and_label():
    bad = []
    for name, path in built().items():
        news = news_of(name)
        words = [row[0] for row in table(path, "--list-rules")]
        words += [row[0] for row in table(path, "--list-metrics")]
        words += [row[1] for row in table(path, "--list-options")]
        bad += [f"{name}: {word}" for word in words if word not in news]
    none_of(bad)


def mandoc(name, *options):
    """What mandoc says of or makes of a manual page."""
    tool = shutil.which("mandoc")
    if tool is None:
        raise Skip("mandoc is missing")
    done = subprocess.run(
        [tool, *options, os.path.join(SOURCE, "plugins", name + ".8")],
        stdout=subprocess.PIPE, check=False, stderr=subprocess.STDOUT)
    return done.stdout.decode()


@test
def manual_is_well_formed():
    none_of([said for name in PLUGINS
             for said in [mandoc(name, "-T", "lint", "-W", "style")] if said])


@test
def manual_fits_a_terminal():
    bad = []
    for name in PLUGINS:
        text = re.sub(".\b", "", mandoc(name, "-T", "ascii", "-O",
                                         "width=80"))
        bad += [f"{name}: {line}" for line in text.splitlines()
                if len(line) > 80]
        # Such a line is filled, and so a command would be broken.
        bad += [f"{name}: {line}"
                for line in read(f"plugins/{name}.8").splitlines()
                if line.startswith(".Dl ")
                and len(line.replace("\\-", "-")) > len(".Dl ") + 69]
    none_of(bad)


# Plugins are in nobody's PATH, and sudo need not be there.
AS_NAGIOS = "runuser -u nagios -- /usr/lib/nagios/plugins/"


def commands_of(name):
    """The commands in the literal parts of a manual page, each in a line."""
    inside, found = False, []
    for line in read(f"plugins/{name}.8").replace("\\-", "-").splitlines():
        inside = line.startswith(".Bd -literal") or (
            inside and not line.startswith(".Ed"))
        if line.startswith(".Dl "):
            found.append(line[4:])
        elif inside and found and found[-1].endswith("\\e"):
            found[-1] = found[-1][:-2] + line.strip()
        elif inside:
            found.append(line)
    return [line.removeprefix(AS_NAGIOS) for line in found]


# One that lists the rules has understood all of its options before.
@test
def examples_of_the_manual_work():
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "flow.ini")
        text = read("plugins/check_mail_flow.8").replace("\\-", "-")
        with open(path, "w", encoding="ascii") as out:
            out.write(re.search(r"<<END\n(.*?)END\n", text, re.S)[1])
        os.chmod(path, 0o600)
        for name, program in built().items():
            examples = [shlex.split(line) for line in commands_of(name)
                        if line.startswith(name + " ")]
            same(len(examples) > 2, True, f"{name} has no examples")
            bad += [line for line in commands_of(name)
                    if line.startswith(("runuser ", "sudo "))]
            for words in examples:
                words = [w.replace("/etc/lifeline-plugins/flow.ini", path)
                         for w in words[1:]]
                done = subprocess.run(
                    [program, "--list-rules", *words], check=False,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                said = done.stdout.decode()
                if "\t" not in said.partition("\n")[0]:
                    bad.append(f"{name} {' '.join(words)}: {said}")
    none_of(bad)


# That every folder is a rule's is told by tests/rules/test_rules, which has
# the rules of all plugins, built or not.
@test
def every_rule_has_a_bad_and_a_good_fixture():
    rules = {row[0] for path in built().values()
             for row in table(path, "--list-rules")}
    folder = os.path.join(SOURCE, "tests", "rules")
    bad = [f"{rule} has no {kind} fixture"
           for rule in sorted(rules - NO_FIXTURE) for kind in ("bad", "good")
           if not glob.glob(f"{folder}/{rule}/{kind}*.json")]
    none_of(bad)


@test
def help_fits_a_terminal():
    bad = []
    for name, path in built().items():
        done = subprocess.run([path, "--help"], stdout=subprocess.PIPE,
                              check=False)
        bad += [f"{name}: {line}"
                for line in done.stdout.decode().splitlines()
                # A path of this build may be longer than a line.
                if len(line) > 80 and len(line.split()) > 1]
    none_of(bad)


@test
def readme_tells_of_every_plugin():
    text = read("README")
    same(sorted(re.findall(r"^  (check_\w+) +[A-Z]", text, re.M)),
         sorted(PLUGINS), "the table")
    none_of([name for name in PLUGINS if f"man {name}" not in text],
            "manual pages that README does not name")


@test
def pages_lead_to_pages():
    docs = os.path.join(SOURCE, "contrib", "docs")
    pages = {os.path.relpath(path, docs)
             for pattern in ("*.*", "*/*.*")
             for path in glob.glob(os.path.join(docs, pattern))}
    same(len(pages) > 10, True, "pages")
    index, makefile = read("contrib/docs/index.txt"), read("Makefile.am")
    none_of([page for page in pages - {"index.txt"}
             if page not in index], "not in index.txt")
    none_of([page for page in pages
             if f"\tcontrib/docs/{page}" not in makefile], "not installed")
    known = pages | {os.path.basename(page) for page in pages}
    for path in ("README", *(f"contrib/docs/{page}" for page in pages)):
        named = re.findall(r"[\w./-]+\.(?:txt|svg)\b", read(path))
        none_of([name for name in named
                 if name.removeprefix("../").removeprefix("contrib/docs/")
                 not in known], f"{path} leads to no page")


@test
def completion_knows_every_plugin():
    text = read("contrib/completion/lifeline-plugins.bash")
    names = re.search(r"^complete -F \w+ (.*)$", text, re.M)[1].split()
    same(sorted(names), sorted(PLUGINS))


@test
def icinga_has_every_option():
    text = read("contrib/icinga2/lifeline-commands.conf")
    bad = []
    for name, path in built().items():
        command = name[len("check_"):]
        found = re.search(rf'^object CheckCommand "{command}" {{\n(.*?)^}}$',
                          text, re.M | re.S)
        body = found[1] if found else ""
        if f'[ PluginDir + "/{name}" ]' not in body:
            bad.append(f"{name}: no command {command}")
        wanted = {row[1] for row in table(path, "--list-options")}
        seen = re.findall(r'^\t\t"(--[a-z0-9-]+)" = {', body, re.M)
        same(sorted(seen), sorted(wanted - NOT_FOR_A_MONITOR), name)
        bad += [f"{name}: {word}" for word in re.findall(r"\$(\w+)\$", body)
                if not word.startswith(command + "_")]
    none_of(bad)


@test
def nagios_has_every_plugin():
    text = read("contrib/nagios/lifeline-commands.cfg")
    names = re.findall(r"^\tcommand_line\t\$USER1\$/(\w+) ", text, re.M)
    same(sorted(names), sorted(PLUGINS))


@test
def others_have_every_plugin():
    for path, ends in (("contrib/nrpe/lifeline.cfg", "="),
                       ("contrib/checkmk/mrpe.cfg", "-- "),
                       ("contrib/checkmk/lifeline_local", '"')):
        plugins = "\\$plugins" if ends == '"' else "/usr/lib/nagios/plugins"
        names = re.findall(rf"{ends}{plugins}/(\w+)", read(path))
        same(sorted(names), sorted(PLUGINS), path)


@test
def packages_have_the_version():
    version = re.search(r"^AC_INIT\(\[[^]]+\], \[([^]]+)\]\)",
                        read("configure.ac"), re.M)[1]
    same(re.match(r"lifeline-plugins \(([^-]+)-",
                  read("contrib/debian/changelog"))[1], version, "Debian")
    same(re.search(r"^Version: *(.*)$",
                   read("contrib/rpm/lifeline-plugins.spec"), re.M)[1],
         version, "RPM")


@test
def packages_have_every_plugin():
    spec = read("contrib/rpm/lifeline-plugins.spec")
    same(sorted(re.findall(r"^%{plugindir}/(\w+)$", spec, re.M)),
         sorted(PLUGINS), "RPM")
    lists = glob.glob(os.path.join(
        SOURCE, "contrib", "debian", "lifeline-plugins-*.install"))
    patterns = re.findall(r"^usr/lib/nagios/plugins/(.*)$",
                          "".join(read(path) for path in lists), re.M)
    none_of([name for name in PLUGINS if sum(
        fnmatch.fnmatch(name, pattern) for pattern in patterns) != 1],
            "not in one package for Debian")


main()
