# SPDX-License-Identifier: GPL-3.0-or-later
"""What a status page says, as a Statuspage would write it, and how the tests
of check_status_page look at it.

Times are minutes before the lab's: what was posted ten minutes ago is at 10.
"""

import json
import time

from pages import MINUTE, NOW, Doc

HOST, PATH = "status.example.org", "/api/v2/summary.json"
URL = f"https://{HOST}{PATH}"
AT4, AT6 = "192.0.2.80", "2001:db8:1::80"
SHOP, SHOP_AT = "www.example.org", "198.51.100.80"
SHOP_URL = f"https://{SHOP}/"
WORDS = {"none": "All Systems Operational", "minor": "Minor Service Outage",
         "major": "Partial System Outage", "critical": "Major Service Outage",
         "maintenance": "Service Under Maintenance"}
PARTS = {"web1": "Website", "api1": "API", "mail": "Mail"}


def stamp(when):
    """A time as Statuspage writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))


def update(ago, status, body, now=NOW):
    """One post about an incident."""
    when = stamp(now - ago * MINUTE)
    return {"id": f"u{ago:g}{status}", "status": status, "body": body,
            "created_at": when, "display_at": when}


def incident(ident, *posts, impact="major", affects=("web1",), now=NOW,
             **more):
    """An incident by its posts, the newest first: (ago, status, body)."""
    first, last = posts[-1][0], posts[0]
    name = more.pop("name", f"Trouble {ident}")
    over = last[1] in ("resolved", "postmortem")
    return {"id": ident, "name": name, "status": last[1], "impact": impact,
            "created_at": stamp(now - first * MINUTE),
            "updated_at": stamp(now - last[0] * MINUTE),
            "resolved_at": stamp(now - last[0] * MINUTE) if over else None,
            "incident_updates": [update(*post, now=now) for post in posts],
            "components": [{"id": i, "name": PARTS.get(i, i)}
                           for i in affects], **more}


def maintenance(ident, status, begins, ends, now=NOW):
    """One that was announced a day ago, begins and ends so many minutes
    before now; below 0: it is still to come."""
    made = incident(ident, (1440, "scheduled", "New disks."), now=now,
                    impact="maintenance", name=f"Work {ident}")
    return {**made, "status": status,
            "scheduled_for": stamp(now - begins * MINUTE),
            "scheduled_until": stamp(now - ends * MINUTE)}


def summary(*incidents, banner="none", parts=None, now=NOW, **more):
    """The whole document; parts: {id: its status} where not operational, or
    (status, since how many minutes)."""
    components = []
    for ident, name in PARTS.items():
        status = (parts or {}).get(ident, "operational")
        status, ago = status if isinstance(status, tuple) else (status, 0)
        components.append({
            "id": ident, "name": name, "status": status, "group_id": None,
            "group": False, "updated_at": stamp(now - ago * MINUTE)})
    return json.dumps({
        "page": {"id": "p4ge", "name": "Example", "url": f"https://{HOST}",
                 "time_zone": "Etc/UTC", "updated_at": stamp(now)},
        "components": components, "incidents": list(incidents),
        "scheduled_maintenances": more.get("maintenances", []),
        "status": {"indicator": banner,
                   "description": more.get("text", WORDS.get(banner))},
    }).encode()


def says(*incidents, **more):
    """The same as what is served."""
    return Doc(summary(*incidents, **more), "application/json")


def page(lab, shown=None, addresses=f"{AT4} {AT6}", **settings):
    """The page of the tests, at the time that its documents go by."""
    lab.at(NOW)
    return lab.site(HOST, addresses, {PATH: shown or says()}, **settings)


def shop(lab):
    """What the page speaks for."""
    return lab.site(SHOP, SHOP_AT, {"/": Doc(b"<p>Buy!", "text/html")})


def falls(site):
    """It is down from now on."""
    site.shows("/", Doc(b"no", status=503))


def rises(site):
    """It is up again."""
    site.shows("/", Doc(b"<p>Buy!", "text/html"))
