/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/judge/range.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/core/num.h"

enum {
	BOUND_MAX = 48, /* bytes of one bound, with the NUL */
};

/* One bound: a decimal, or a duration in seconds. */
static bool parse_bound(const char *s, double *out)
{
	const int64_t max_ms = INT64_C(1000000000000000);
	bool is_negative = *s == '-';
	int64_t ms;

	if (num_parse_decimal(s, out) == NUM_OK)
		return true;
	if (num_parse_duration(s + is_negative, 0, max_ms, &ms) != NUM_OK)
		return false;
	*out = (double)ms / 1000;
	if (is_negative && ms > 0)
		*out = -*out;
	return true;
}

const char *range_parse(const char *s, bool less_is_worse, struct range *out)
{
	static const char syntax[] =
		"is not a range; permitted: [@][START:][END], the bounds "
		"numbers or durations such as 90s, START may be ~";
	struct range range = { .is_set = true, .high = INFINITY };
	bool is_bare = strpbrk(s, "@:") == NULL;
	const char *colon;
	char start[BOUND_MAX];

	if (*s == '@') {
		range.alerts_inside = true;
		s++;
	}
	colon = strchr(s, ':');
	if (*s == '\0' || strcmp(s, ":") == 0)
		return syntax;
	if (colon != NULL && colon != s) {
		size_t len = (size_t)(colon - s);

		if (len >= sizeof(start))
			return syntax;
		memcpy(start, s, len);
		start[len] = '\0';
		if (strcmp(start, "~") == 0)
			range.low = -INFINITY;
		else if (!parse_bound(start, &range.low))
			return syntax;
	}
	if (colon != NULL)
		s = colon + 1;
	if (*s != '\0' && !parse_bound(s, &range.high))
		return syntax;
	if (is_bare && less_is_worse) {
		range.low = range.high;
		range.high = INFINITY;
	}
	if (range.low > range.high)
		return "has a start above its end";
	*out = range;
	return NULL;
}

bool range_alerts(const struct range *range, double value)
{
	bool is_inside = value >= range->low && value <= range->high;

	if (!range->is_set)
		return false;
	return is_inside == range->alerts_inside;
}

void range_print(struct text *out, const struct range *range)
{
	bool has_end = isfinite(range->high);

	if (!range->is_set)
		return;
	if (range->alerts_inside)
		text_add(out, "@");
	if (!isfinite(range->low)) {
		text_add(out, "~:");
	} else if (range->low != 0 || !has_end) {
		text_add_number(out, range->low);
		text_add(out, ":");
	}
	if (has_end)
		text_add_number(out, range->high);
}
