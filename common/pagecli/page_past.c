/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/pagecli/page_past.h"

#include "common/page/remember.h"
#include "common/store/page_history.h"

void page_past_recall(struct arena *arena, const struct store_place *place,
	const char *key, struct page *page)
{
	struct page_history_store file;

	page_history_open(&file, arena, place, key);
	page->before = file.history;
	page_history_close(&file);
}

void page_past_remember(struct arena *arena, const struct store_place *place,
	const char *key, struct page *page)
{
	struct page_history_store file;

	page_history_open(&file, arena, place, key);
	page->before = file.history;
	page->after = page_remember(arena, page);
	page_history_save(&file, &page->after);
	page->file = file.state;
	page_history_close(&file);
}

void page_past_forget(struct arena *arena, struct page *page)
{
	page->after = page_remember(arena, page);
}
