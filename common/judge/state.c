/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/judge/state.h"

#include <stddef.h>
#include <string.h>

int state_rank(enum state state)
{
	switch (state) {
	case STATE_OK:
		return 0;
	case STATE_UNKNOWN:
		return 1;
	case STATE_WARNING:
		return 2;
	case STATE_CRITICAL:
		return 3;
	}
	return 1;
}

enum state state_worst(enum state a, enum state b)
{
	return state_rank(a) >= state_rank(b) ? a : b;
}

const char *state_name(enum state state)
{
	switch (state) {
	case STATE_OK:
		return "OK";
	case STATE_WARNING:
		return "WARNING";
	case STATE_CRITICAL:
		return "CRITICAL";
	case STATE_UNKNOWN:
		return "UNKNOWN";
	}
	return "UNKNOWN";
}

bool state_parse(const char *s, enum state *out)
{
	static const char *const words[] = { "ok", "warning", "critical",
		"unknown" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(s, words[i]) == 0 ||
			(s[0] == (char)('0' + i) && s[1] == '\0')) {
			*out = (enum state)i;
			return true;
		}
	}
	return false;
}
