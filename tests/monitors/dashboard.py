# SPDX-License-Identifier: GPL-3.0-or-later
"""Grafana's dashboard as Grafana takes it: what its variables come to, what
its panels then ask, and what a Prometheus answers."""

import json
import re

# What has to be written with a backslash in a regular expression of the
# language of queries, and twice, as it stands in a string there.
SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
LABEL = re.compile(r"\{\{\s*(.+?)\s*\}\}")
VALUES = re.compile(r"label_values\((?:(.+),\s*)?(\w+)\)")


def escaped(value):
    """A value of a variable in which several can be chosen."""
    value = value.replace("\\", "\\\\\\\\").replace('"', '\\"')
    return SPECIAL.sub(r"\\\\\g<0>", value)


def filled(text, chosen):
    """An expression with the variables in it: {name: None for All, or a list
    of values}."""
    def value(match):
        values = chosen[match[1] or match[2]]
        if values is None:
            return ".*"
        words = [escaped(word) for word in values]
        return words[0] if len(words) == 1 else f"({'|'.join(words)})"
    return VARIABLE.sub(value, text)


def legend(target, labels):
    """The name of a series."""
    shown = LABEL.sub(lambda match: labels.get(match[1], ""),
                      target.get("legendFormat", ""))
    return " ".join(shown.split())


class Dashboard:
    """What stands in the file."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.json = json.load(file)
        self.panels = self.json["panels"]
        self.title = self.json["title"]
        self.variables = {row["name"]: row
                          for row in self.json["templating"]["list"]}

    def offered(self, ask, name, chosen, span):
        """What one may choose for a variable of the kind "query"."""
        match, label = VALUES.fullmatch(
            self.variables[name]["query"]["query"]).groups()
        given = {"start": span[0], "end": span[1]}
        return ask(f"label/{label}/values",
                   **{"match[]": filled(match, chosen)}, **given)


def asked(panel):
    """The expressions of a panel."""
    return [target["expr"] for target in panel.get("targets", ())]


def answers(ask, panel, chosen, span):
    """All series of a panel: (target, labels, [(time, value)]).

    ask: asks the API of a Prometheus. span: begin, end and step, in seconds;
    what is asked for once is asked for at the end.
    """
    begin, end, step = span
    found = []
    for target in panel.get("targets", ()):
        query = filled(target["expr"], chosen)
        if target.get("instant"):
            rows = ask("query", query=query, time=end)["result"]
        else:
            rows = ask("query_range", query=query, start=begin, end=end,
                       step=step)["result"]
        for row in rows:
            values = row.get("values") or [row["value"]]
            found.append((target, row["metric"],
                          [(float(at), float(value))
                           for at, value in values]))
    return found
