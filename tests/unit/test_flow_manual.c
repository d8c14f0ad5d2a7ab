/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of states and events in the manual is the one that the ledger goes
 * by: the same rows, in the same order. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/testing.h"

#include "common/core/text.h"
#include "common/mail/flow.h"

enum {
	LINE_SIZE = 256,
	TABLE_MAX = 16 * 1024,
};

static FILE *open_manual(void)
{
	const char *top = getenv("top_srcdir");
	struct text path;
	FILE *file;

	text_init(&path, LINE_SIZE);
	text_printf(&path, "%s/plugins/check_mail_flow.8", top ? top : ".");
	file = fopen(path.data, "r");
	if (!file)
		fail_msg("%s can't be read", path.data);
	text_release(&path);
	return file;
}

/* The rows of the section, without their head. */
static void read_rows(struct text *rows)
{
	FILE *file = open_manual();
	char line[LINE_SIZE];
	bool is_inside = false;

	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, ".Sh ", 4) == 0)
			is_inside = strcmp(line, ".Sh STATES\n") == 0;
		if (is_inside && strncmp(line, ".It ", 4) == 0 &&
			strstr(line, " Ta ") && !strstr(line, "Em "))
			text_add(rows, line);
	}
	fclose(file);
}

static void manual_has_the_table_of_steps(void **state)
{
	struct text manual, table;

	(void)state;
	text_init(&manual, TABLE_MAX);
	text_init(&table, TABLE_MAX);
	read_rows(&manual);
	for (size_t i = 0; i < flow_n_steps; i++)
		text_printf(&table, ".It %s Ta %s Ta %s\n",
			flow_state_word(flow_steps[i].from),
			flow_what_word(flow_steps[i].what),
			flow_state_word(flow_steps[i].to));
	assert_string_equal(manual.data, table.data);
	text_release(&manual);
	text_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manual_has_the_table_of_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
