# SPDX-License-Identifier: GPL-3.0-or-later
"""What Zabbix makes of a plugin's output by our templates, without Zabbix: the
script of the master item by an engine like that of the server, and the paths
of the items."""

import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ROOT = os.path.join(os.environ.get("LIFELINE_BUILD", TOP / "_build"),
                    "peers", "root")
sys.path.insert(0, str(TOP / "contrib/zabbix"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import templates  # noqa: E402


def program(name):
    """(path, environment) of a program of the host or of the peers, or
    None."""
    path = shutil.which(name)
    if path:
        return path, dict(os.environ)
    for folder in ("usr/bin", "usr/sbin"):
        path = os.path.join(ROOT, folder, name)
        if os.access(path, os.X_OK):
            libraries = glob.glob(os.path.join(ROOT, "usr/lib/*-linux-*"))
            return path, dict(os.environ,
                              LD_LIBRARY_PATH=":".join(libraries))
    return None


def prepare(plugin, value):
    """What the master item's script makes of a value; None where no engine
    is here."""
    engine = program("duk")
    if engine is None:
        return None
    script = templates.Template(plugin, [], "agent").script()
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "prepare.js")
        with open(name, "w", encoding="utf-8") as file:
            # One character a unit: what is not ASCII is escaped.
            file.write(f"print((function (value) {{\n{script}\n}})"
                       f"({json.dumps(value)}));\n")
        done = subprocess.run([engine[0], name], env=engine[1], check=False,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    if done.returncode:
        raise AssertionError(done.stdout[:2000])
    # It writes what is beyond 16 bits as two; half of one no server takes.
    text = done.stdout.decode("utf-8", "surrogatepass")
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16"))


def find(value, path):
    """What a path of the templates finds: a list of no or one value."""
    found = re.fullmatch(
        r"\$\.(\w+)\[\?\(@\.key=='([^']*)'\)\]\.([\w.]+)\.first\(\)", path)
    if found:
        value = next((one for one in value.get(found[1], [])
                      if one["key"] == found[2]), {})
        path = "$." + found[3]
    for word in path[2:].split("."):
        if word not in value:
            return []
        value = value[word]
    return [value]


def path_of(item):
    """Where an item's value is."""
    return item["preprocessing"][0]["parameters"][0]


def misses(plugin, got, may_be_empty=("primaries",)):
    """Complaints about a prepared result that is well: lists that are not
    there, words and numbers that are not found, metrics that nothing has."""
    given = {row["metric"] for row in got["server_metrics"]}
    template = templates.Template(plugin, [
        (name, "", True, "") for about in
        templates.PLUGINS[plugin]["lists"].values()
        for name in about["metrics"]], "agent")
    bad = [] if got["error"] == "" else [got["error"]]
    for rule in template.discovery_rules():
        name = rule["key"].split(".")[-2]
        about = template.about["lists"][name]
        rows = find(got, path_of(rule))
        if not rows or not rows[0]:
            bad += [] if name in may_be_empty else [f"{name}: nothing"]
            continue
        for item in rule["item_prototypes"]:
            member = item["key"].split("[")[0].split(".")[-1]
            values = [find(got, path_of(item).replace(
                "{#KEY}", row["{#KEY}"])) for row in rows[0]]
            if member in about["metrics"]:
                bad += [f"{name}: no {member}"] \
                    if member in given and not any(values) else []
            else:
                bad += [f"{name}: {row['{#KEY}']} has no {member}"
                        for row, value in zip(rows[0], values)
                        if value in ([], [None])]
    return bad
