/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --probe-command: a plugin whose exit code is a probe. */
#ifndef LIFELINE_PAGECLI_PAGE_COMMAND_H
#define LIFELINE_PAGECLI_PAGE_COMMAND_H

#include "common/pagecli/page_run.h"

struct page_command;

/* Starts the child, which fills the last probe of run->page. NULL: none was
 * asked for. */
struct page_command *page_command_start(struct page_run *run);

/* NULL is over, here and below. */
bool page_command_is_open(const struct page_command *command);

/* The deadline came: tells of it where it is open. */
void page_command_settle(struct page_command *command);

/* Kills it where it still runs. */
void page_command_drop(struct page_command *command);

#endif
