#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugins under Prometheus: its own tools judge the examples, and
node_exporter reads what the script writes for it."""

import contextlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import dashboard as dashboards  # noqa: E402
import drawing  # noqa: E402
import monitors  # noqa: E402
import netns  # noqa: E402
from monitors import labs  # noqa: E402
from prometheus import (Samples, fetch, free_port, prometheus,  # noqa: E402
                        running)

DASHBOARD = monitors.CONTRIB / "grafana" / "lifeline-dashboard.json"
PICTURE = monitors.CONTRIB / "docs" / "grafana.svg"
CONTRIB = monitors.CONTRIB / "prometheus"
SCRIPT = CONTRIB / "lifeline-textfile"
EXAMPLE = monitors.BUILD / "tests" / "unit" / "check_example"


def promtool(*words, text=None):
    """Runs promtool; what it printed, once it was content."""
    done = monitors.run(monitors.program("bin/promtool"), *words,
                        env=monitors.environment(), text=text)
    labs.same(done.returncode, 0, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


@labs.case("promtool accepts the configuration and the rules")
def files_are_valid(_lab):
    said = promtool("check", "config", CONTRIB / "prometheus.yml")
    labs.check("1 rule files found" in said, said)
    said = promtool("check", "rules", CONTRIB / "lifeline-rules.yml")
    labs.check("8 rules found" in said, said)
    jobs = re.findall(r"job_name: (.*)", (CONTRIB / "prometheus.yml").read_text(
        encoding="utf-8"))
    for job in re.findall(r'job="([^"]*)"', (
            CONTRIB / "lifeline-rules.yml").read_text(encoding="utf-8")):
        labs.check(job in jobs, f"{job} is none of {jobs}")


@labs.case("the alerts fire when they should, and name the culprit")
def alerts_fire(_lab):
    promtool("test", "rules",
             monitors.TOP / "tests" / "monitors" / "prometheus_rules.yml")


def common_output(*words):
    """What the test plugin says, with all that every check has."""
    return monitors.run(
        EXAMPLE, "-H", "a", "--output=prometheus", "--silent", "b",
        "--blind", "c", "-w", "1d", *words).stdout


def known_names():
    """The names of all metrics that there are: those that every check has,
    and those of each plugin."""
    names = set(re.findall(r"(?m)^# TYPE (lifeline_(?!example_)\w+) ",
                           common_output()))
    suffixes = {"s": "_seconds", "B": "_bytes", "%": "_ratio", "-": ""}
    for source in sorted((monitors.TOP / "plugins").glob("check_*.c")):
        path = monitors.BUILD / "plugins" / source.name[:-2]
        if not path.exists():
            raise labs.Missing(f"{path.name} is not built, for want of "
                               "libraries")
        for line in monitors.run(path, "--list-metrics").stdout.splitlines():
            name, unit, *_ = line.split("\t")
            if name not in ("not_judged", "time"):
                names.add(f"lifeline_{path.name[6:]}_{name}{suffixes[unit]}")
    return names


def expressions(node):
    """All expressions in a dashboard, or a part of it."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr":
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


@labs.case("the dashboard asks for what there is")
def dashboard_is_right(lab):
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    labs.same(len(ids), len(set(ids)), "ids of panels")
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        labs.check(place["x"] + place["w"] <= 24 and not cells & taken,
                   f"{panel['title']} has its place")
        taken |= cells
    asked = [expr.replace("$check", "a|b").replace("$subject", ".*")
             for expr in expressions(dashboard)]
    labs.check(len(asked) > 20 and not any("$" in expr for expr in asked),
               f"variables in {asked}")
    names = set(re.findall(r"lifeline_\w+", " ".join(asked)))
    labs.same(names - known_names(), set(), "names that there are not")
    for plugin in ("dns_delegation", "dns_secondary", "mail_flow", "mx",
                   "status_page"):
        labs.check(any(name.startswith(f"lifeline_{plugin}_")
                       for name in names), f"{plugin} is shown")
    # JSON is YAML.
    rules = os.path.join(lab.folder("rules"), "rules.yml")
    with open(rules, "w", encoding="utf-8") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": [
            {"record": f"a:{i}", "expr": expr}
            for i, expr in enumerate(asked)]}]}, file)
    promtool("check", "rules", rules)


RUN_AT = "lifeline_run_timestamp_seconds"
# What a subject may be called, and each of them must not be: an expression
# that takes them for a pattern finds the latter as well.
SUBJECTS = {"exämple.org": "exampleXorg",
            "https://status.example.org/ä/(1|2)?x=[y]*": "1",
            "a+b.c{2}^$'": "aab.cc", 'quo"te\\d': "quote", "$check": ""}


def label(value):
    """A value as it stands in a sample."""
    return value.replace("\\", "\\\\").replace('"', '\\"')


@labs.case("each panel shows the subject that is chosen, and no other")
def panels_answer(lab):
    board = dashboards.Dashboard(DASHBOARD)
    now = int(time.time()) // 60 * 60
    samples = Samples()
    for subject in {*SUBJECTS, *SUBJECTS.values()} - {""}:
        labels = f'check="test",subject="{label(subject)}"'
        for name in known_names():
            value = now - 60 if name == RUN_AT else 1
            samples.read(f"# TYPE {name} gauge\n{name}{{{labels}}} {value}\n",
                         (now - 60, now))
        for check, metric, bound in (("dns_secondary", "cover", "lower"),
                                     ("mail_flow", "delay", "upper")):
            samples.read(f'lifeline_threshold{{check="{check}",metric='
                         f'"{metric}",bound="{bound}",state="warning",'
                         f'subject="{label(subject)}"}} 1\n', (now,))
    folder = lab.folder("prometheus")
    samples.store(folder)
    span = (now - 60, now, 60)
    with prometheus(folder, {}) as (ask, _):
        chosen = {"check": None, "subject": None}
        labs.same(board.offered(ask, "check", chosen, span),
                  ["test"], "checks")
        offered = board.offered(ask, "subject", chosen, span)
        labs.same(set(SUBJECTS) - set(offered), set(), "subjects")
        for values in (*([subject] for subject in SUBJECTS), [*SUBJECTS]):
            chosen["subject"] = values
            for panel in board.panels:
                found = dashboards.answers(ask, panel, chosen, span)
                asked = len(dashboards.asked(panel))
                labs.same({labels["subject"] for _, labels, _ in found},
                          set(values) if asked else set(), panel["title"])
                labs.same(len({target["refId"] for target, *_ in found}),
                          asked, f"queries of {panel['title']}")


def shown(lab, samples, title, span):
    """A panel, and what it shows of these samples."""
    board = dashboards.Dashboard(DASHBOARD)
    panel, = [panel for panel in board.panels if panel["title"] == title]
    folder = lab.folder("prometheus")
    samples.store(folder)
    with prometheus(folder, {}) as (ask, _):
        return panel, dashboards.answers(
            ask, panel, {"check": None, "subject": None}, span)


@labs.case("a result that is not renewed is a gap, and none that is well")
def old_is_gone(lab):
    now = int(time.time()) // 60 * 60
    samples = Samples()
    for ago in range(60, -1, -1):
        # The one is renewed each five minutes, the other has not been for 40.
        for subject, run in (("new", ago // 5 * 5), ("old", max(40, ago))):
            samples.read("".join(
                f"# TYPE {name} gauge\n{name}{{check=\"x\",way=\"w\","
                f"subject=\"{subject}\"}} {value}\n" for name, value in (
                    ("lifeline_state", 0), (RUN_AT, now - run * 60))),
                (now - ago * 60,))
    _, rows = shown(lab, samples, "State of each lifeline",
                    (now - 3600, now, 60))
    labs.same({labels["subject"]: (len(values), (now - values[-1][0]) // 60)
               for _, labels, values in rows},
              {"new": (61, 0), "old": (41, 20)}, "minutes that are shown")


@labs.case("what is wrong now begins with the worst, in the plugins' order")
def worst_comes_first(lab):
    now = int(time.time()) // 60 * 60
    samples = Samples()
    for rule, state in (("a", 3), ("b", 1), ("c", 2), ("d", 3), ("e", 2),
                        ("f", 1)):
        samples.read("# TYPE lifeline_finding_state gauge\n"
                     'lifeline_finding_state{check="x",subject="y",'
                     f'rule="{rule}"}} {state}\n', (now,))
    panel, rows = shown(lab, samples, "What is wrong now", (now, now, 60))
    labs.same([(drawing.cell(panel, "Value", {"Value": values[-1][1]}),
                labels["rule"] in wanted) for (_, labels, values), wanted in
               zip(rows, ("ce", "ce", "bf", "bf", "ad", "ad"))],
              [((word, drawing.COLOURS[colour]), True) for word, colour in (
                  ("CRITICAL", "red"), ("CRITICAL", "red"),
                  ("WARNING", "yellow"), ("WARNING", "yellow"),
                  ("UNKNOWN", "purple"), ("UNKNOWN", "purple"))], "rows")
    labs.same(panel["options"]["sortBy"],
              [{"displayName": "state", "desc": True}], "by what they are")


@labs.case("the picture is one of the dashboard as it is")
def picture_is_right(_lab):
    board = dashboards.Dashboard(DASHBOARD)
    space = "{http://www.w3.org/2000/svg}"
    picture = xml.etree.ElementTree.parse(PICTURE).getroot()
    labs.same(picture.find(f"{space}title").text, board.title, "title")
    labs.check("not by Grafana" in picture.find(f"{space}desc").text,
               "it says how it was made")
    groups = {group.get("id"): group for group in
              picture.findall(f"{space}g")}
    labs.same(sorted(groups), sorted(f"panel-{panel['id']}"
                                     for panel in board.panels), "panels")
    for panel in board.panels:
        group = groups[f"panel-{panel['id']}"]
        labs.check(any((text.text or "").endswith(panel["title"])
                       for text in group.iter(f"{space}text")),
                   panel["title"])
        labs.same([desc.text for desc in group.findall(f"{space}desc")],
                  dashboards.asked(panel),
                  f"queries of {panel['title']}: make dashboard-picture")
        drawn = [*group.iter(f"{space}path"), *group.iter(f"{space}rect")]
        labs.check(panel["type"] == "row" or len(drawn) > 3,
                   f"{panel['title']} is drawn")


def scripts():
    """Each script of script_exporter.yml: its name, plugin, arguments, the
    most that it may take and all of its text."""
    with open(CONTRIB / "script_exporter.yml", encoding="utf-8") as file:
        parts = file.read().split("\n  - name: ")[1:]
    for part in parts:
        words = re.findall(r"(?m)^      - (.*)$", part)
        yield (part.split("\n", maxsplit=1)[0], words[0], words[1:],
               int(re.search(r"max_timeout: (\d+)\n", part)[1]), part)


@labs.case("script_exporter's arguments are options of the plugins")
def scripts_are_right(_lab):
    seen = []
    for name, command, words, most_s, text in scripts():
        plugin = os.path.basename(command)
        seen.append(plugin)
        labs.check(name.startswith("lifeline_" + plugin[len("check_"):]),
                   f"{name} is how the alerts know it")
        labs.check("--output=prometheus" in words, f"{words}")
        timeout_s = [int(word[10:-1]) for word in words
                     if re.fullmatch(r"--timeout=\d+s", word)]
        labs.check(len(timeout_s) == 1 and timeout_s[0] < most_s,
                   f"{name} ends by itself in time")
        labs.check("cache:" not in text or "cache_on_error: true\n" in text,
                   f"{name} is kept in any state")
        if not (monitors.BUILD / "plugins" / plugin).exists():
            raise labs.Missing(f"{plugin} is not built, for want of libraries")
        # A file that is not there would be wrong usage, too.
        words = [word for word in words if "--extra-opts=" not in word]
        done = monitors.run(monitors.BUILD / "plugins" / plugin, *words,
                            "--list-options")
        labs.check(done.returncode == 3 and "\t" in done.stdout,
                   f"{words}: {done.stdout}")
    with open(CONTRIB / "prometheus.yml", encoding="utf-8") as file:
        targets = re.findall(r"(?m)^ +- (lifeline_\w+)$", file.read())
    labs.same(sorted(targets), sorted(name for name, *_ in scripts()),
              "targets in prometheus.yml")
    labs.same(sorted(seen), sorted(
        path.name[:-2] for path in
        (monitors.TOP / "plugins").glob("check_*.c")), "plugins")


def textfile(folder, *words, plugin=EXAMPLE, env=None):
    """Runs the script; how it ended and what it printed."""
    return monitors.run(SCRIPT, "-d", folder, *words[:1], plugin, *words[1:],
                        env=env)


def fake(lab, *lines):
    """A plugin that is these lines of shell; its path."""
    path = os.path.join(lab.folder("plugin"), "check_fake")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(("#!/bin/sh", *lines, "")))
    os.chmod(path, 0o755)
    return path


def written(folder, name):
    """The lines of a file in the folder, which holds no other than *.prom."""
    left = [entry for entry in os.listdir(folder)
            if not entry.endswith(".prom")]
    labs.same(left, [], "other files left")
    with open(f"{folder}/{name}.prom", encoding="utf-8") as file:
        return file.read().splitlines()


@labs.case("the script writes a result of any state whole")
def results_are_written(lab):
    folder = lab.folder("textfile")
    for code, words in ((0, []), (1, ["--silent", "ns1"]),
                        (2, ["--grave", "it's \"lost\""]),
                        (3, ["--unreached", "no $route"])):
        done = textfile(folder, "example.org", "-H", "example.org", *words)
        labs.same((done.returncode, done.stdout, done.stderr), (0, "", ""),
                  f"how {words} ended")
        lines = written(folder, "example.org")
        labs.same(lines[-1], "# EOF", "the end")
        promtool("check", "metrics", text="\n".join(lines) + "\n")
        for line in ('lifeline_textfile_success{file="example.org"} 1',
                     f'lifeline_textfile_exit_code{{file="example.org"}} '
                     f'{code}',
                     f'lifeline_state{{check="example",'
                     f'subject="example.org",file="example.org"}} {code}'):
            labs.same(lines.count(line), 1, line)
        labs.same(os.stat(f"{folder}/example.org.prom").st_mode & 0o777,
                  0o644, "mode")


@labs.case("what is no result leaves no old one behind")
def failures_are_written(lab):
    folder = lab.folder("textfile")
    for words, plugin, code in (
            (["-H", "a", "--mode=none"], EXAMPLE, 3),
            (["-H", "a", "--raw", "this alone"], EXAMPLE, 3),
            ([], "/nonexistent", 127),
            ([], fake(lab, "echo 'lifeline_state 0'", "echo '# EOF'",
                      "kill -9 $$"), 137),
            ([], fake(lab, "echo 'lifeline_state 0'", "kill -9 $$"), 137)):
        labs.same(textfile(folder, "x", "-H", "a").returncode, 0, "before")
        done = textfile(folder, "x", *words, plugin=plugin)
        labs.same(done.returncode, 1, f"how {words} ended")
        labs.check("gave no result" in done.stderr, done.stderr)
        lines = written(folder, "x")
        labs.same([line for line in lines if not line.startswith("#")],
                  ['lifeline_textfile_success{file="x"} 0',
                   f'lifeline_textfile_exit_code{{file="x"}} {code}'],
                  "what is left")


@labs.case("where nothing can be written, the old result stays, and ages")
def full_disk(lab):
    folder = lab.folder("textfile")
    if not netns.has_mounts():
        raise labs.Missing("what is mounted here would be seen elsewhere")
    done = monitors.run("mount", "-t", "tmpfs", "-o", "size=16k", "full",
                        folder)
    labs.same(done.returncode, 0, done.stderr)
    labs.same(textfile(folder, "x", "-H", "a").returncode, 0, "before")
    before = written(folder, "x")
    # Nothing fits any more, or not all of it.
    for size in (65536, 9000):
        with contextlib.suppress(OSError):
            with open(f"{folder}/filler", "wb", buffering=0) as filler:
                while filler.tell() < size:
                    filler.write(bytes(min(size - filler.tell(), 1024)))
        servers = [f"--server=ns{n}.example.org" for n in range(100)]
        done = textfile(folder, "x", "-H", "a", *servers)
        labs.same((done.returncode, done.stdout), (1, ""), f"with {size}")
        labs.check(done.stderr, "it is said")
        os.unlink(f"{folder}/filler")
        labs.same(written(folder, "x"), before, "what is read")
    labs.same(textfile(folder, "x", "-H", "b").returncode, 0, "after")
    labs.check(written(folder, "x") != before, "the new one")
    labs.same(monitors.run("umount", folder).returncode, 0, "umount")


@labs.case("of many at once, one is left, and whole")
def many_at_once(lab):
    folder = lab.folder("textfile")
    # pylint: disable=consider-using-with
    running_ones = [subprocess.Popen(
        [SCRIPT, "-d", folder, "x", EXAMPLE, "-H", f"host{n}.example.org"],
        stdin=subprocess.DEVNULL) for n in range(20)]
    labs.same([one.wait(60) for one in running_ones], [0] * 20, "exit codes")
    lines = written(folder, "x")
    labs.same(lines[-1], "# EOF", "the end")
    labs.same(len(set(re.findall('subject="([^"]*)"', "\n".join(lines)))), 1,
              "subjects")


@labs.case("what a killed script left behind goes with the next")
def leftovers_go(lab):
    folder = lab.folder("textfile")
    other = lab.folder("other")
    kept = [".x.ABCDEFGHIJ", ".y.ABCDEFGHIJ", ".x.short", ".x.z.ABCDEFGHIJ",
            ".x.linkABCDEF"]
    for name in (*kept[:4], ".x.0123456789", ".x.a-file_456"):
        os.mkdir(f"{folder}/{name}")
        with open(f"{folder}/{name}/result", "w", encoding="utf-8"):
            pass
    os.symlink(other, f"{folder}/{kept[4]}")
    old = time.time() - 2 * 3600
    for name in (*kept[1:4], ".x.0123456789"):
        os.utime(f"{folder}/{name}", (old, old))
    os.utime(f"{folder}/{kept[4]}", (old, old), follow_symlinks=False)
    labs.same(textfile(folder, "x", "-H", "a").returncode, 0, "exit code")
    labs.same(sorted(os.listdir(folder)),
              sorted([*kept, ".x.a-file_456", "x.prom"]), "what is left")
    labs.check(os.path.isdir(other), "behind the link")


@labs.case("where the folder's clock is behind, a run keeps its own")
def own_is_kept(lab):
    folder = lab.folder("textfile")
    mktemp = fake(lab, f'new=$({shutil.which("mktemp")} "$@") &&',
                  'touch -d "2 hours ago" "$new" && echo "$new"')
    tools = lab.folder("tools")
    os.symlink(mktemp, os.path.join(tools, "mktemp"))
    done = textfile(folder, "x", "-H", "a", env={
        **os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    labs.same((done.returncode, done.stderr), (0, ""), "exit code")
    labs.same(os.listdir(folder), ["x.prom"], "what is left")


@labs.case("the script writes a file, through no link and into no folder")
def links_are_not_followed(lab):
    folder = lab.folder("textfile")
    other = lab.folder("other")
    kept = f"{other}/kept"
    with open(kept, "w", encoding="utf-8") as file:
        file.write("as it was")
    os.symlink(kept, f"{folder}/file.prom")
    labs.same(textfile(folder, "file", "-H", "a").returncode, 0, "a link")
    labs.same(written(folder, "file")[-1], "# EOF", "the end")
    with open(kept, encoding="utf-8") as file:
        labs.same(file.read(), "as it was", "behind the link")
    os.symlink(other, f"{folder}/linked.prom")
    os.mkdir(f"{folder}/folder.prom")
    for name in ("linked", "folder"):
        done = textfile(folder, name, "-H", "a")
        labs.same((done.returncode, done.stdout), (1, ""), name)
    labs.same((os.listdir(other), os.listdir(f"{folder}/folder.prom")),
              (["kept"], []), "files elsewhere")
    # Who may write there too does not choose where the plugin's text goes.
    planted = fake(lab, f"for name in '{folder}'/.x.*; do",
                   "test -d \"$name\" && continue",
                   f"ln -sf '{kept}' \"$name.result\"; done",
                   "printf '# TYPE x gauge\\nx 1\\n# EOF\\n'")
    labs.same(textfile(folder, "x", plugin=planted).returncode, 0, "planted")
    left = [os.stat(f"{folder}/{entry}").st_mode & 0o777
            for entry in os.listdir(folder) if entry.startswith(".")]
    labs.same(left, [], "left")


@labs.case("wrong usage of the script writes nothing")
def usage_is_checked(lab):
    folder = lab.folder("textfile")
    for name in ("", ".x", "../x", "a b", "a/b", "a\nb"):
        done = textfile(folder, name, "-H", "a")
        labs.same((done.returncode, done.stdout), (2, ""), f"code of {name!r}")
    labs.same(monitors.run(SCRIPT, "-d", folder, "x").returncode, 2,
              "no plugin")
    labs.same(monitors.run(SCRIPT, "-q").returncode, 2, "no such option")
    labs.same(os.listdir(folder), [], "files")
    labs.same(textfile(folder + "/none", "x", "-H", "a").returncode, 1,
              "no such folder")
    done = monitors.run(SCRIPT, "-h")
    labs.check(done.returncode == 0 and done.stdout.startswith("Usage: "),
               done.stdout)


@labs.case("whoever reads meanwhile reads one result or the other")
def writing_is_atomic(lab):
    folder = lab.folder("textfile")
    textfile(folder, "x", "-H", "a")
    # The plugin waits behind its first line, until the test has read.
    fifo = os.path.join(lab.folder("fifo"), "fifo")
    os.mkfifo(fifo)
    plugin = fake(lab, "echo '# TYPE lifeline_state gauge'",
                  f"echo begun >'{fifo}'", f"read -r _ <'{fifo}'",
                  "echo 'lifeline_state 2'", "echo '# EOF'")
    with open(f"{folder}/x.prom", encoding="utf-8") as file:
        before = file.read()
    with subprocess.Popen([SCRIPT, "-d", folder, "x", plugin]) as script:
        with open(fifo, encoding="utf-8") as file:
            labs.same(file.read(), "begun\n", "what the plugin says")
        with open(f"{folder}/x.prom", encoding="utf-8") as file:
            labs.same(file.read(), before, "the file meanwhile")
        labs.same([name for name in os.listdir(folder)
                   if name.endswith(".prom")], ["x.prom"], "what is read")
        with open(fifo, "w", encoding="utf-8") as file:
            file.write("go\n")
        labs.same(script.wait(60), 0, "exit code")
    labs.check("lifeline_state 2" in written(folder, "x"), "the new result")


@contextlib.contextmanager
def node_exporter(folder):
    """node_exporter over the folder; where it listens."""
    at = f"127.0.0.1:{free_port()}"
    with running("prometheus-node-exporter", f"http://{at}/metrics",
                 f"--web.listen-address={at}",
                 "--web.disable-exporter-metrics",
                 "--collector.disable-defaults", "--collector.textfile",
                 f"--collector.textfile.directory={folder}"):
        yield at


@labs.case("the line for cron runs as it is written, beside other results")
def cron_line_runs(lab):
    text = (CONTRIB.parent / "docs" / "monitors" / "prometheus.txt").read_text(
        encoding="utf-8").replace("\\\n", "")
    line = re.search(r"^ +\*/5 \* \* \* \* nagios +(.*)$", text, re.M)[1]
    folders = lab.folder("prometheus")
    settings = dict(re.findall(r"^ +([A-Z_]+)=(/\S+)$", text, re.M))
    pattern = re.search(r"textfile.directory=(/[^\"\s]+)", text)[1]
    home = os.path.dirname(pattern)
    for old, new in (("/usr/share/lifeline-plugins/prometheus", CONTRIB),
                     ("/usr/lib/nagios/plugins/check_dns_delegation", EXAMPLE)):
        labs.check(old in line, f"{old} in {line}")
        line = line.replace(old, str(new))
    os.makedirs(f"{folders}/node-exporter")
    with open(f"{folders}/node-exporter/other.prom", "w",
              encoding="utf-8") as file:
        file.write("other 1\n")
    for made in re.findall(r"# install -d -o nagios (\S+)", text):
        os.makedirs(made.replace(home, folders))
    env = {"PATH": "/usr/bin:/bin", **{
        name: value.replace(home, folders)
        for name, value in settings.items()}}
    done = monitors.run("/bin/sh", "-c", line, env=env)
    labs.same((done.returncode, done.stdout, done.stderr), (0, "", ""), line)
    with node_exporter(pattern.replace(home, folders)) as at:
        lines = fetch(f"http://{at}/metrics").splitlines()
    for wanted in ("other 1", "node_textfile_scrape_error 0",
                   'lifeline_textfile_success{file="example.org"} 1'):
        labs.same(lines.count(wanted), 1, f"{wanted} in {lines}")


@labs.case("node_exporter reads several results beside each other")
def collector_reads(lab):
    folder = lab.folder("textfile")
    # Two are of one subject: it would keep one of two that are alike.
    for name, words in (("a", ["-H", "example.org"]),
                        ("b", ["-H", "example.org", "--label=way=backup",
                               "--silent", "ns1.example.org/192.0.2.1", "-w",
                               "9d"]),
                        ("c", ["-H", "example.org", "-w", "9d"]),
                        ("d", ["-H", 'a"b\\c', "--blind", "no route",
                               "--server", "ns1.example.org 192.0.2.1"])):
        labs.same(textfile(folder, name, *words).returncode, 0, name)
    textfile(folder, "e", "-H", "x", "--mode=none")
    with node_exporter(folder) as at:
        lines = fetch(f"http://{at}/metrics").splitlines()
    wanted = (
        "node_textfile_scrape_error 0",
        'lifeline_state{check="example",file="a",subject="example.org"} 0',
        'lifeline_state{check="example",file="b",subject="example.org",'
        'way="backup"} 1',
        'lifeline_state{check="example",file="c",subject="example.org"} 1',
        'lifeline_finding_state{address="192.0.2.1",check="example",'
        'culprit="ns1.example.org",file="b",rule="example-silent",'
        'subject="example.org",way="backup"} 1',
        'lifeline_textfile_success{file="a"} 1',
        'lifeline_textfile_success{file="e"} 0')
    for line in wanted:
        labs.same(lines.count(line), 1, f"{line} in {lines}")
    labs.check(any(line.startswith("lifeline_example_answer_seconds{")
                   and 'subject="a\\"b\\\\c"' in line for line in lines),
               f"a subject with quotes in {lines}")
    labs.same(len([line for line in lines
                   if line.startswith("lifeline_state{")]), 4, "states")


def config(*jobs):
    """A prometheus.yml with our alerts; jobs: (name, path, target)."""
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(CONTRIB / "lifeline-rules.yml")],
        "scrape_configs": [
            {"job_name": name, "metrics_path": path,
             "static_configs": [{"targets": [target]}]}
            for name, path, target in jobs]}


@labs.case("Prometheus itself alerts, and says who is to blame")
def prometheus_alerts(lab):
    folder = lab.folder("textfile")
    textfile(folder, "a", "-H", "example.org", "--rule",
             "example-silent=critical", "--silent",
             "ns1.example.org/192.0.2.1")
    textfile(folder, "b", "-H", "example.net")
    with node_exporter(folder) as target, \
            prometheus(lab.folder("prometheus"), config(
                ("node", "/metrics", target))) as (ask, process):
        def firing():
            return [alert for alert in ask("alerts")["alerts"]
                    if alert["state"] == "firing"] or None
        alerts = monitors.await_value(firing, "alert", process)
        labs.same([(alert["labels"]["alertname"], alert["labels"]["subject"],
                    alert["annotations"]["summary"]) for alert in alerts],
                  [("LifelineCritical", "example.org",
                    "example example.org: example-silent ns1.example.org "
                    "192.0.2.1")], "alerts")
        states = ask("query", query="lifeline_state")["result"]
        labs.same({row["metric"]["subject"]: row["value"][1]
                   for row in states},
                  {"example.org": "2", "example.net": "0"}, "states")
        textfile(folder, "a", "-H", "example.org")
        monitors.await_value(lambda: True if firing() is None else None,
                             "end of the alert", process)
        found = ask("query", query="lifeline_finding_state")["result"]
        labs.same(found, [], "findings that are over")


@contextlib.contextmanager
def raw(text):
    """A server of this text, as what the path says; where it listens."""
    kinds = {"/plain": "text/plain; version=0.0.4; charset=utf-8",
             "/open": "application/openmetrics-text; version=1.0.0; "
             "charset=utf-8"}

    class Handler(http.server.BaseHTTPRequestHandler):
        """Serves it."""

        def do_GET(self):  # pylint: disable=invalid-name
            """As script_exporter and others would."""
            self.send_response(200)
            self.send_header("Content-Type", kinds[self.path])
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):  # pylint: disable=arguments-differ
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,),
                         daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@labs.case("Prometheus itself reads the same in it, as either format")
def formats_are_equal(lab):
    text = common_output("--label", 'way=ä "b" \\ c/', "--grave", "x",
                         "--server", "ns1.example.org 192.0.2.1")
    wanted = len([line for line in text.splitlines() if line[0] != "#"])
    with raw(text) as at, prometheus(lab.folder("prometheus"), config(
            ("plain", "/plain", at), ("open", "/open", at))) as (ask, process):
        def read():
            rows = ask("query", query='{__name__=~"lifeline_.+"}')["result"]
            return rows if len(rows) >= 2 * wanted else None
        rows = monitors.await_value(read, "samples of both", process)
        both = {"plain": [], "open": []}
        for row in rows:
            both[row["metric"].pop("job")].append(
                (sorted(row["metric"].items()), row["value"][1]))
        labs.same(len(both["plain"]), wanted, "samples")
        labs.same(sorted(both["plain"]), sorted(both["open"]), "what is read")
        labs.check(all(("way", 'ä "b" \\ c/') in labels
                       for labels, _ in both["open"]), f"{both['open']}")


if __name__ == "__main__":
    labs.main()
