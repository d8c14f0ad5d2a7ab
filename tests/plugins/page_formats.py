# SPDX-License-Identifier: GPL-3.0-or-later
"""Every format, all well, in an incident, in maintenance, contradicting itself
and broken, as nginx serves it: state and rules are those of tests/page/judged.
With LIFELINE_STATUS_CAPTURES, pages that were captured are served as well."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

# pylint: disable=wrong-import-position
from lab import case, check, main, same  # noqa: E402
from pages import DOCUMENTS, MEDIA, NOW, Doc, document  # noqa: E402
from posts import AT4, HOST, PATH, URL, page  # noqa: E402
from servers import Missing  # noqa: E402
import web  # noqa: E402

CAPTURES = "LIFELINE_STATUS_CAPTURES"
# What their names say of what they show; others may be either.
WELL, NOT_WELL = ("-ok", "-allresolved"), ("-open", "-down", "-inactive")


def judged():
    """{folder: {file: (state, [rules])}}."""
    table = {}
    with open(os.path.join(DOCUMENTS, "judged"), encoding="ascii") as rows:
        for row in rows:
            if row.startswith("#"):
                continue
            name, state, *rules = row.split()
            folder = os.path.dirname(name)
            table.setdefault(folder, {})[name] = (state, rules)
    return table


def rules_of(result):
    """All rules that found something, those that are OK, too."""
    return sorted({f["rule"] for f in result.findings})


def each_is_judged(lab, documents):
    """A page of each document comes to what the table says."""
    lab.at(NOW)
    lab.site(HOST, AT4, {f"/{name}": Doc(name) for name in documents})
    wrong = []
    for name, (state, rules) in documents.items():
        result = lab.look(f"https://{HOST}/{name}")
        got = (result.state, rules_of(result))
        if got != (state, rules):
            wrong.append(f"{name}: {got}, not {(state, rules)}")
    check(not wrong, "\n".join(wrong))


def add_format(folder, documents):
    """A case for a format."""
    case(f"{folder}: {len(documents)} documents are judged as they should be")(
        lambda lab: each_is_judged(lab, documents))


for _folder, _documents in judged().items():
    add_format(_folder, _documents)


@case("the table has every document")
def is_whole(_):
    listed = {name for rows in judged().values() for name in rows}
    there = {os.path.relpath(os.path.join(at, name), DOCUMENTS)
             for at, _, names in os.walk(DOCUMENTS) for name in names
             if os.path.splitext(name)[1] in MEDIA}
    same(listed, there, "documents")


@case("it does not matter how a document is packed, or called")
def delivery(lab):
    body = document("statuspage/all-well.json")
    replies = {
        "/plain": web.reply(body),
        "/chunked": web.reply(web.chunked(body[:9], body[9:]),
                              content_length=None,
                              transfer_encoding="chunked"),
        "/gzip": web.reply(web.packed(body), content_encoding="gzip"),
        "/deflate": web.reply(web.bomb(0, 15, body),
                              content_encoding="deflate"),
        "/close": web.reply(body, content_length=None),
        "/text": web.reply(body, media="text/html"),
        "/none": web.reply(body, content_type=None),
        "/mark": web.reply(b"\xef\xbb\xbf" + body),
        "/wide": web.reply(("\ufeff" + body.decode()).encode("utf-16-be")),
    }
    lab.at(NOW)
    lab.web(HOST, AT4, web.serve(web.by_path({
        path: web.sends(reply) for path, reply in replies.items()}),
        lab.certificate(HOST)))
    for path in replies:
        result = lab.look(f"https://{HOST}{path}")
        same((path, result.state, result.found()), (path, "OK", {}), path)


@case("what nginx packs is read as well")
def packed(lab):
    site = page(lab, Doc("statuspage/incident.json"), gzip=True)
    lab.look(URL).expect("CRITICAL", {
        "banner": None, "component-down": None, "incident-open": None})
    check(all("gzip" in row.accepts for row in site.asked(PATH)), "it asks")


@case("captured pages, in the format's own words")
def captures(lab):
    folder = os.environ.get(CAPTURES)
    if not folder:
        raise Missing(f"{CAPTURES} names no folder of captured pages")
    docs = {}
    for name in sorted(os.listdir(folder)):
        media = MEDIA.get(os.path.splitext(name)[1])
        if not media or name.startswith("DOC-"):
            continue
        with open(os.path.join(folder, name), "rb") as source:
            docs[name] = Doc(source.read(), media)
    lab.site(HOST, AT4, {f"/{name}": doc for name, doc in docs.items()})
    wrong = []
    for name in docs:
        bare = next((("--format", f) for f in ("aws", "checkly")
                     if name.startswith(f)), ())
        result = lab.look(f"https://{HOST}/{name}", *bare)
        is_well = any(word in name for word in WELL)
        if (is_well or any(word in name for word in NOT_WELL)) and (
                is_well != (result.state == "OK")):
            wrong.append(f"{name}: {result.json.get('summary')}")
    check(docs and not wrong, "\n".join(wrong))


main("check_status_page")
