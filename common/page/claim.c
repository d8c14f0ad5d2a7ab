/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/page/claim.h"

#include <string.h>
#include <strings.h>

#include "common/page/rules.h"

bool page_time_is_known(const struct page_time *time)
{
	return time->fate == PAGE_TIME_KNOWN;
}

/* -- what concerns us ----------------------------------------------------- */

static bool any_takes(const struct page_selector *selectors, size_t n,
	const struct page_component *component)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (page_selector_takes(&selectors[i], component->id,
			    component->group, component->name))
			return true;
	return false;
}

/* A group by its own row, or by what its members say of it. */
static bool any_group_takes(const struct page_selector *selectors, size_t n,
	const struct page_component *component)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (component->is_group &&
			page_selector_takes(&selectors[i], component->id, NULL,
				component->name))
			return true;
		if (component->group && page_selector_takes(&selectors[i], "",
						NULL, component->group))
			return true;
	}
	return false;
}

bool page_is_selected(const struct page_expect *expect)
{
	return expect->n_components > 0 || expect->n_groups > 0;
}

static bool is_ignored(const struct page_expect *expect,
	const struct page_component *component)
{
	return any_takes(expect->ignored, expect->n_ignored, component) ||
	       any_group_takes(expect->ignored, expect->n_ignored, component);
}

bool page_component_concerns(const struct page_expect *expect,
	const struct page_component *component)
{
	if (is_ignored(expect, component))
		return false;
	return !page_is_selected(expect) ||
	       any_takes(expect->components, expect->n_components, component) ||
	       any_group_takes(expect->groups, expect->n_groups, component);
}

/* A name by itself, where there is no such component. */
static struct page_component find_affected(
	const struct page_document *doc, const char *id)
{
	const struct page_component *found = page_find_component(doc, id);

	return found ? *found : (struct page_component){ .id = id, .name = id };
}

/* The name of an event can be selected and ignored like a component. */
static bool is_event_ignored(
	const struct page_expect *expect, const struct page_event *event)
{
	const struct page_component self = { .id = event->id,
		.name = event->name };

	return any_takes(expect->ignored, expect->n_ignored, &self);
}

bool page_event_concerns(const struct page_expect *expect,
	const struct page_document *doc, const struct page_event *event)
{
	size_t i;

	if (is_event_ignored(expect, event))
		return false;
	if (!page_is_selected(expect) && expect->n_ignored == 0)
		return true;
	for (i = 0; i < event->n_affected; i++) {
		struct page_component component =
			find_affected(doc, event->affected[i]);

		if (page_component_concerns(expect, &component))
			return true;
	}
	return event->n_affected == 0;
}

bool page_event_affects(const struct page_document *doc,
	const struct page_event *event, const struct page_selector *selector)
{
	size_t i;

	for (i = 0; i < event->n_affected; i++) {
		struct page_component component =
			find_affected(doc, event->affected[i]);

		if (any_takes(selector, 1, &component))
			return true;
	}
	return event->n_affected == 0;
}

/* -- what it is worth ----------------------------------------------------- */

static bool map_word(
	const struct page_expect *expect, const char *word, enum state *out)
{
	size_t i;

	for (i = expect->n_maps; word && i > 0; i--)
		if (strcasecmp(expect->maps[i - 1].word, word) == 0) {
			*out = expect->maps[i - 1].state;
			return true;
		}
	return false;
}

static enum state maintenance_state(const struct page_expect *expect)
{
	return expect->maintenance == PAGE_MAINTENANCE_WARNING ? STATE_WARNING
							       : STATE_OK;
}

enum state page_state_of(
	const struct page_expect *expect, const struct page_status *status)
{
	enum state state;

	if (map_word(expect, status->word, &state))
		return state;
	switch (status->health) {
	case PAGE_HEALTH_NOT_SAID:
		return STATE_UNKNOWN;
	case PAGE_HEALTH_UNMONITORED:
	case PAGE_HEALTH_OPERATIONAL:
	case PAGE_HEALTH_NOTICE:
		return STATE_OK;
	case PAGE_HEALTH_MAINTENANCE:
		return maintenance_state(expect);
	case PAGE_HEALTH_UNKNOWN:
	case PAGE_HEALTH_DEGRADED:
	case PAGE_HEALTH_PARTIAL:
		return STATE_WARNING;
	case PAGE_HEALTH_MAJOR:
		return STATE_CRITICAL;
	}
	return STATE_UNKNOWN;
}

enum state page_incident_state(
	const struct page_expect *expect, const struct page_event *event)
{
	enum state state;

	if (map_word(expect, event->impact.word, &state))
		return state;
	switch (event->impact.health) {
	case PAGE_HEALTH_NOTICE:
		return STATE_OK;
	case PAGE_HEALTH_MAJOR:
		return STATE_CRITICAL;
	case PAGE_HEALTH_MAINTENANCE:
		return maintenance_state(expect);
	case PAGE_HEALTH_NOT_SAID:
	case PAGE_HEALTH_UNKNOWN:
	case PAGE_HEALTH_UNMONITORED:
	case PAGE_HEALTH_OPERATIONAL:
	case PAGE_HEALTH_DEGRADED:
	case PAGE_HEALTH_PARTIAL:
		break;
	}
	return STATE_WARNING;
}

/* -- claims --------------------------------------------------------------- */

/* Less than well, but no outage: maintenance, or a word that nobody knows. */
static bool is_outage(const struct page_status *status)
{
	return status->health == PAGE_HEALTH_DEGRADED ||
	       status->health == PAGE_HEALTH_PARTIAL ||
	       status->health == PAGE_HEALTH_MAJOR;
}

static bool is_well(const struct page_status *status)
{
	return status->health == PAGE_HEALTH_OPERATIONAL ||
	       status->health == PAGE_HEALTH_NOTICE ||
	       status->health == PAGE_HEALTH_UNMONITORED;
}

static void add_status(struct page_claim *claim,
	const struct page_status *status, const char *words)
{
	claim->is_known = true;
	claim->is_well &= is_well(status);
	/* What is worst is said; the first of what is well. */
	if (!claim->words || (is_outage(status) && !claim->shows_outage))
		claim->words = words;
	claim->shows_outage |= is_outage(status);
}

static void add_components(struct page_claim *claim,
	const struct page_expect *expect, const struct page_document *doc,
	const struct page_selector *selector)
{
	size_t i;

	for (i = 0; i < doc->n_components; i++) {
		const struct page_component *component = &doc->components[i];

		if (selector ? !any_takes(selector, 1, component)
			     : !page_component_concerns(expect, component))
			continue;
		if (component->status.health == PAGE_HEALTH_NOT_SAID)
			continue;
		add_status(claim, &component->status,
			component->status.word
				? component->status.word
				: rule_component_name(component));
	}
}

static bool is_notice(const struct page_event *event)
{
	return event->impact.health == PAGE_HEALTH_NOTICE;
}

/* It does not say whether it is over: neither well, nor an outage. */
static bool is_unstated(const struct page_event *event)
{
	return event->phase == PAGE_PHASE_UNKNOWN && !event->word;
}

static void add_incidents(struct page_claim *claim,
	const struct page_expect *expect, const struct page_document *doc,
	const struct page_selector *selector)
{
	size_t i;

	for (i = 0; i < doc->n_incidents; i++) {
		const struct page_event *event = &doc->incidents[i];

		if (!page_event_is_open(event) || is_notice(event) ||
			(selector ? !page_event_affects(doc, event, selector)
				  : !page_event_concerns(expect, doc, event)))
			continue;
		claim->is_well = false;
		if (is_unstated(event))
			continue;
		claim->shows_outage = true;
		claim->words = rule_event_name(event);
		if (page_time_is_known(&event->created) &&
			(claim->since_s == 0 ||
				event->created.s < claim->since_s))
			claim->since_s = event->created.s;
	}
}

static void add_maintenances(struct page_claim *claim,
	const struct page_expect *expect, const struct page_document *doc,
	const struct page_selector *selector)
{
	size_t i;

	for (i = 0; i < doc->n_maintenances; i++) {
		const struct page_event *event = &doc->maintenances[i];

		if (page_event_is_running(event, expect->now_s) &&
			(selector ? page_event_affects(doc, event, selector)
				  : page_event_concerns(expect, doc, event)))
			claim->is_well = false;
	}
}

struct page_claim page_claim(const struct page_expect *expect,
	const struct page_document *doc, const struct page_selector *selector)
{
	struct page_claim claim = { .is_well = true };
	bool is_all = !selector && !page_is_selected(expect) &&
		      expect->n_ignored == 0;

	/* Incidents alone tell of all there is; and of a part, where components
	 * are named only by what is wrong with them. */
	claim.is_known = doc->has_incidents && (is_all || !doc->has_components);
	if (is_all && doc->has_banner)
		add_status(&claim, &doc->banner,
			doc->banner_text ? doc->banner_text : doc->banner.word);
	add_components(&claim, expect, doc, selector);
	add_incidents(&claim, expect, doc, selector);
	add_maintenances(&claim, expect, doc, selector);
	claim.is_known |= claim.shows_outage;
	claim.is_well &= claim.is_known;
	return claim;
}
