# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws a dashboard of Grafana as an SVG: the kinds of panels that ours has,
at their places, with their units, mappings, thresholds and overrides."""

import collections
import html
import math
import re
import time

import dashboard as dashboards

WIDTH, CELL_H, GAP, HEAD = 1600, 38, 8, 104
CANVAS, PANEL, BORDER = "#111217", "#181b1f", "#2a2d34"
TEXT, DIM, GRID = "#d8d9e6", "#9a9cab", "#2b2e36"
COLOURS = {"green": "#73bf69", "yellow": "#fade2a", "red": "#f2495c",
           "purple": "#b877d9", "orange": "#ff9830", "blue": "#5794f2"}
# Series that no rule colours, in turn.
PALETTE = ("#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#5195ce",
           "#ba43a9", "#705da0", "#8f9d3c", "#cca300", "#65c5db", "#f29191",
           "#d683ce", "#9683c6", "#b7dbab")
FONT = "Inter, Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
LETTER = 0.56  # the width of one, in sizes of the font
SPANS = ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "min"))
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
           10800, 21600, 43200, 86400, 172800, 604800, 1209600, 1814400,
           2419200, 4838400, 7257600)
LEGEND_ROW, LEGEND_SHARE = 18, 0.4

Box = collections.namedtuple("Box", "x y w h")
Line = collections.namedtuple("Line", "name colour values dash width")


# Text and numbers.

def quoted(text):
    """Text as it stands in XML."""
    return html.escape(str(text), quote=True)


def shortened(text, width, size=12):
    """What fits of it."""
    most = int(width / (size * LETTER))
    return text if len(text) <= most else text[:max(most - 1, 1)] + "…"


def plain(value):
    """A number, in three digits that matter."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(places, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def seconds(value):
    """A duration in the words of Grafana's unit "s"."""
    size = abs(value)
    if 0 < size < 0.001:
        return f"{plain(value * 1e6)} µs"
    if 0 < size < 1:
        return f"{plain(value * 1e3)} ms"
    for length, name in SPANS:
        if size >= length:
            count = plain(value / length)
            return f"{count} {name}{'' if count == '1' else 's'}"
    return f"{plain(value)} s"


def shown(value, unit):
    """A value with its unit."""
    return seconds(value) if unit == "s" else plain(value)


def clock(when):
    """A time of the day, in UTC."""
    return time.strftime("%H:%M", time.gmtime(when))


# Pieces of SVG.

def rect(box, fill, radius=0, more=""):
    """A filled rectangle."""
    return (f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.w:.1f}" '
            f'height="{box.h:.1f}" fill="{fill}"'
            + (f' rx="{radius}"' if radius else "") + f"{more}/>")


def text(x, y, words, colour=TEXT, size=12, anchor="start", bold=False):
    """One line of it."""
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" '
            f'font-size="{size}"'
            + (f' text-anchor="{anchor}"' if anchor != "start" else "")
            + (' font-weight="600"' if bold else "")
            + f">{quoted(words)}</text>")


def rule(x1, y1, x2, y2, colour=GRID):
    """A thin line."""
    return (f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" '
            f'stroke="{colour}"/>')


# What the JSON says of a value.

def mapped(field, value):
    """(text, colour) of a value that has a mapping, or None."""
    for mapping in field.get("mappings", ()):
        if mapping["type"] == "value":
            found = mapping["options"].get(plain(value))
            if found:
                return found["text"], COLOURS[found["color"]]
    return None


def by_threshold(field, value):
    """The colour of the highest threshold that the value reaches."""
    colour = "green"
    for step in field["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return COLOURS[colour]


def properties(panel, name):
    """What overrides say of a field of this name."""
    found = {}
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        pattern = matcher["options"]
        if matcher["id"] == "byRegexp":
            fits = re.search(pattern.strip("/"), name)
        else:
            fits = pattern == name
        if fits:
            found.update({row["id"]: row["value"]
                          for row in override["properties"]})
    return found


# Kinds of panels: each is given its panel, what was answered, the box that is
# left for it and the span of time, and yields pieces.

def time_axis(box, span):
    """Lines and labels of the hours."""
    begin, end, _ = span
    wanted = max(2, box.w / 75)
    step = next((s for s in STEPS_S if (end - begin) / s <= wanted),
                STEPS_S[-1])
    when = math.ceil(begin / step) * step
    while when <= end:
        x = box.x + (when - begin) / (end - begin) * box.w
        yield rule(x, box.y, x, box.y + box.h)
        yield text(x, box.y + box.h + 16, clock(when), DIM, 11, "middle")
        when += step


def state_timeline(panel, series, box, span):
    """A bar for each series, in the colours of its states."""
    begin, end, step = span
    field = panel["fieldConfig"]["defaults"]
    names = [dashboards.legend(target, labels)
             for target, labels, _ in series]
    left = max(map(len, names)) * 12 * LETTER + 16
    plot = Box(box.x + left, box.y, box.w - left - 12, box.h - 46)
    yield from time_axis(plot, span)
    row_h = plot.h / len(series)
    seen = {}
    for row, (name, (_, _, values)) in enumerate(zip(names, series)):
        y = plot.y + row * row_h
        yield text(plot.x - 8, y + row_h / 2 + 4, name, TEXT, 12, "end")
        for first, last, value in runs(values, step):
            x1 = plot.x + (first - begin) / (end - begin) * plot.w
            x2 = plot.x + (min(last, end) - begin) / (end - begin) * plot.w
            word, colour = mapped(field, value)
            seen[value] = word, colour
            bar = Box(x1, y + row_h * 0.1, x2 - x1, row_h * 0.8)
            yield (f'<g><title>{quoted(f"{name}: {word}")}, {clock(first)} to '
                   f"{clock(last)}</title>"
                   + rect(bar, colour, 2, ' fill-opacity="0.8"') + "</g>")
    x = box.x + 16
    for _, (word, colour) in sorted(seen.items()):
        yield rect(Box(x, box.y + box.h - 10, 14, 4), colour, 2)
        yield text(x + 20, box.y + box.h - 4, word, TEXT, 12)
        x += 20 + (len(word) + 3) * 12 * LETTER


def runs(values, step):
    """(begin, end, value) of the times in which it stays the same."""
    found = []
    for when, value in values:
        if found and found[-1][2] == value and when - found[-1][1] < step / 2:
            found[-1][1] = when + step
        else:
            found.append([when, when + step, value])
    return found


def table(panel, series, box, _span):
    """The labels of each series, and its value."""
    rows = [{**labels, "Value": values[-1][1]}
            for _, labels, values in series]
    options = panel["transformations"][0]["options"]
    order = options["indexByName"]
    names = {name for row in rows for name in row
             if not options["excludeByName"].get(name)}
    names = sorted(names, key=lambda name: (order.get(name, 99), name))
    widths = [max([len(name) + 3] + [len(cell(panel, name, row)[0]) + 2
                                     for row in rows]) for name in names]
    most = int((box.h - 26) / 26)
    x = box.x + 12
    for name, width in zip(names, widths):
        w = width / sum(widths) * (box.w - 24)
        title = properties(panel, name).get("displayName", name)
        yield text(x + 8, box.y + 16, title, COLOURS["blue"], 12, bold=True)
        for number, row in enumerate(rows[:most]):
            y = box.y + 26 + number * 26
            word, colour = cell(panel, name, row)
            if colour:
                yield rect(Box(x, y, w - 6, 24), colour, 2)
            yield text(x + 8, y + 17, shortened(word, w - 10),
                       CANVAS if colour else TEXT, 12, bold=bool(colour))
        x += w
    for number in range(min(len(rows), most) + 1):
        y = box.y + 25 + number * 26
        yield rule(box.x + 12, y, box.x + box.w - 12, y, BORDER)
    if len(rows) > most:
        yield more(box, len(rows) - most)


def cell(panel, name, row):
    """(text, colour of the background or None) of a cell."""
    value = row.get(name, "")
    if not isinstance(value, float):
        return value, None
    said = properties(panel, name)
    found = mapped(said, value)
    if found and said.get("custom.displayMode") == "color-background":
        return found[0], by_threshold(panel["fieldConfig"]["defaults"], value)
    return plain(value), None


def more(box, count):
    """Where Grafana would scroll."""
    return text(box.x + box.w - 12, box.y + box.h - 2,
                f"{count} more, by scrolling", DIM, 11, "end")


def bargauge(panel, series, box, _span):
    """A bar for each series, with its value at the end."""
    field = panel["fieldConfig"]["defaults"]
    rows = [(dashboards.legend(target, labels), values[-1][1])
            for target, labels, values in series]
    top = max([value for _, value in rows]
              + [step["value"] or 0 for step in field["thresholds"]["steps"]])
    row_h = min(box.h / len(rows), 46)
    for number, (name, value) in enumerate(rows):
        y = box.y + number * row_h
        words = shown(value, field["unit"])
        w = box.w - 24 - 78
        colour = by_threshold(field, value)
        yield text(box.x + 12, y + 13, shortened(name, box.w - 24), TEXT, 12)
        bar = Box(box.x + 12, y + 18, w, row_h - 24)
        yield rect(bar, GRID, 2)
        yield rect(bar._replace(w=w * value / top), colour, 2)
        yield text(box.x + box.w - 12, y + 18 + (row_h - 24) / 2 + 5, words,
                   colour, 14, "end", True)


def line_of(panel, number, target, labels, values):
    """A series as it is drawn."""
    name = dashboards.legend(target, labels)
    said = properties(panel, name)
    custom = panel["fieldConfig"]["defaults"]["custom"]
    colour = said.get("color", {})
    style = said.get("custom.lineStyle", {})
    return Line(
        name,
        COLOURS[colour["fixedColor"]] if colour.get("mode") == "fixed"
        else PALETTE[number % len(PALETTE)], values,
        " ".join(map(str, style.get("dash", ()))),
        said.get("custom.lineWidth", custom["lineWidth"]))


def scale(lines, field):
    """(lowest, highest, step) of the axis of values."""
    values = [value for line in lines for _, value in line.values]
    low, high = min(values), max(values)
    low = min(low, field.get("min", low),
              field["custom"].get("axisSoftMin", low))
    if high <= low:
        high = low + (1 if field["unit"] != "s" else max(abs(low), 0.001))
    rough = (high - low) / 5
    if field["unit"] == "s" and rough >= 1:
        step = next((s for s in STEPS_S if s >= rough), rough)
    else:
        power = 10 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
        if field["unit"] == "none":
            step = max(step, 1)
    return (math.floor(low / step) * step,
            math.ceil(high / step - 1e-9) * step, step)


def timeseries(panel, series, box, span):
    """Lines, their axes, and a legend."""
    field = panel["fieldConfig"]["defaults"]
    lines = [line_of(panel, number, *one) for number, one in enumerate(series)]
    said = panel["options"]["legend"]
    plot, beside = parted(box, said, len(lines))
    low, high, step = scale(lines, field)
    ticks = [low + n * step for n in range(round((high - low) / step) + 1)]
    left = max(len(shown(t, field["unit"])) for t in ticks) * 11 * LETTER + 18
    plot = Box(plot.x + left, plot.y + 4, plot.w - left - 20, plot.h - 26)
    yield from time_axis(plot, span)
    for tick in ticks:
        y = plot.y + plot.h - (tick - low) / (high - low) * plot.h
        yield rule(plot.x, y, plot.x + plot.w, y)
        yield text(plot.x - 6, y + 4, shown(tick, field["unit"]), DIM, 11,
                   "end")
    steps = field["custom"].get("lineInterpolation") == "stepAfter"
    for line in lines:
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        way = path(line, plot, span, (low, high), steps)
        yield (f'<path d="{way}" fill="none" stroke="{line.colour}" '
               f'stroke-width="{line.width}" stroke-linejoin="round"{dash}>'
               f"<title>{quoted(line.name)}</title></path>")
    yield from legend_rows(lines, beside, said["calcs"], field["unit"])


def parted(box, said, count):
    """(box of the plot, box of the legend)."""
    if said["placement"] == "right":
        w = said["width"]
        return (box._replace(w=box.w - w),
                Box(box.x + box.w - w, box.y, w - 12, box.h))
    h = min((count + 1) * LEGEND_ROW, box.h * LEGEND_SHARE)
    return (box._replace(h=box.h - h - 4),
            Box(box.x + 12, box.y + box.h - h, box.w - 24, h))


def path(line, plot, span, limits, steps):
    """The way of a line, with a gap where there is no value."""
    begin, end, every = span
    low, high = limits
    way, before = [], None
    for when, value in line.values:
        x = plot.x + (when - begin) / (end - begin) * plot.w
        y = plot.y + plot.h - (value - low) / (high - low) * plot.h
        if before is None or when - before > every * 1.5:
            way.append(f"M{x:.1f} {y:.1f}")
        elif way[-1] == f"H{x:.1f}":
            pass
        elif steps:
            way += [f"H{x:.1f}", f"V{y:.1f}"]
        else:
            way.append(f"L{x:.1f} {y:.1f}")
        before = when
    return "".join(thinned(way))


def thinned(way):
    """Without points that lie on the way from the one before to the next."""
    kept = []
    for piece in way:
        if len(kept) > 1 and piece[0] == kept[-1][0] == kept[-2][0] == "L":
            (x0, y0), (x1, y1), (x2, y2) = (
                map(float, p[1:].split()) for p in (kept[-2], kept[-1], piece))
            if abs((x2 - x0) * (y1 - y0) - (x1 - x0) * (y2 - y0)) < 0.3:
                kept.pop()
        kept.append(piece)
    return kept


CALCS = {"lastNotNull": ("Last *", lambda values: values[-1]),
         "min": ("Min", min), "max": ("Max", max)}
CALC_W = 62


def legend_rows(lines, box, calcs, unit):
    """A row for each line, with what is calculated of it."""
    room = int(box.h / LEGEND_ROW) - 1
    rows = lines if len(lines) <= room else lines[:room - 1]
    right = box.x + box.w
    columns = [(right - CALC_W * n, *CALCS[calc])
               for n, calc in enumerate(reversed(calcs))]
    yield text(box.x + 20, box.y + 12, "Name", COLOURS["blue"], 11, bold=True)
    for x, title, _ in columns:
        yield text(x, box.y + 12, title, COLOURS["blue"], 11, "end", True)
    for number, line in enumerate(rows):
        y = box.y + LEGEND_ROW * (number + 1)
        values = [value for _, value in line.values]
        yield rule(box.x, y, right, y, BORDER)
        yield rect(Box(box.x + 2, y + 7, 12, 4), line.colour, 2)
        yield text(box.x + 20, y + 13, shortened(
            line.name, box.w - 24 - CALC_W * len(calcs), 11), TEXT, 11)
        for x, _, calc in columns:
            yield text(x, y + 13, shown(calc(values), unit), TEXT, 11, "end")
    if rows is not lines:
        yield more(Box(box.x, box.y, box.w + 12,
                       LEGEND_ROW * (len(rows) + 1) + 15),
                   len(lines) - len(rows))


KINDS = {"state-timeline": state_timeline, "table": table,
         "bargauge": bargauge, "timeseries": timeseries}


# The whole.

def placed(panel):
    """The box of a panel."""
    place, column = panel["gridPos"], (WIDTH - 2 * GAP) / 24
    return Box(GAP + place["x"] * column + GAP / 2,
               HEAD + place["y"] * CELL_H,
               place["w"] * column - GAP, place["h"] * CELL_H - GAP)


def draw_panel(panel, series, span):
    """One of them, with what it asks."""
    box = placed(panel)
    yield f'<g id="panel-{panel["id"]}">'
    if panel["type"] == "row":
        yield text(box.x + 4, box.y + 21, f"⌄  {panel['title']}", TEXT, 16,
                   bold=True)
    else:
        yield "".join(f"<desc>{quoted(expr)}</desc>"
                      for expr in dashboards.asked(panel))
        yield rect(box, PANEL, 3, f' stroke="{BORDER}"')
        yield text(box.x + 12, box.y + 21, panel["title"], TEXT, 14,
                   bold=True)
        inner = Box(box.x, box.y + 34, box.w, box.h - 44)
        yield from KINDS[panel["type"]](panel, series, inner, span)
    yield "</g>"


def draw(board, found, span, told):
    """The picture. found: {id of a panel: its series}; told: what it is."""
    height = HEAD + max(p["gridPos"]["y"] + p["gridPos"]["h"]
                        for p in board.panels) * CELL_H
    day = time.strftime("%Y-%m-%d", time.gmtime(span[0]))
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="{FONT}">',
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        f"<title>{quoted(board.title)}</title>",
        f"<desc>{quoted(told)}</desc>",
        rect(Box(0, 0, WIDTH, height), CANVAS),
        text(20, 36, board.title, TEXT, 22, bold=True),
        text(WIDTH - 16, 36, f"{day} {clock(span[0])} to {clock(span[1])} "
             "UTC", TEXT, 14, "end"),
        text(20, 62, told, DIM, 12)]
    x = 20
    for row in board.variables.values():
        label = f"{row['label']}: " + (
            "Prometheus" if row["type"] == "datasource" else "All")
        width = len(label) * 13 * LETTER + 20
        pieces.append(rect(Box(x, 74, width, 24), PANEL, 3,
                           f' stroke="{BORDER}"'))
        pieces.append(text(x + 10, 90, label, TEXT, 13))
        x += width + GAP
    for panel in board.panels:
        pieces += draw_panel(panel, found.get(panel["id"], ()), span)
    return "\n".join([*pieces, "</svg>", ""])
