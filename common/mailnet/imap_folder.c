/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Folders: one search in each, headers of what it finds, deletion by name.
 *
 * A search by header fields is the server's own work, whatever the size of the
 * folder. Some servers index late or look at some fields only: where nothing
 * is found though there is new mail, the headers of the newest are looked at.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/mail/flow_token.h"
#include "common/mailnet/imap.h"

enum {
	LINE_MAX_LEN = 16 * 1024,
	AT_ONCE = 250, /* headers */
	WHOLES_AT_ONCE = 10,
	LATER = 50, /* UIDs below the last that are looked at again */
};

#define ITEMS                                                                       \
	"(UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[HEADER.FIELDS (" FLOW_HEADER \
	" Message-ID Subject Date From To Return-Path Received "                    \
	"Authentication-Results Content-Type Auto-Submitted In-Reply-To "           \
	"References)]<0.65536>)"

static void read_next_folder(struct mailbox *mailbox);
static void read_some(struct mailbox *mailbox);

static struct mailbox_folder_facts *facts_of(struct mailbox *mailbox)
{
	return mailbox_folder_at(mailbox, imap_of(mailbox)->folder);
}

static const char *said_of(
	const struct mailbox *mailbox, const struct imap_line *line)
{
	if (line->text == NULL || line->code == NULL)
		return line->text;
	return arena_printf(mailbox->arena, "[%s] %s", line->code, line->text);
}

/* -- reading ------------------------------------------------------------- */

static void select_folder(struct mailbox *mailbox, enum imap_command command)
{
	struct imap *imap = imap_of(mailbox);
	struct text words;
	imap->is_read_only = imap->has_result = false;
	imap->selected = 0;
	text_init(&words, LINE_MAX_LEN);
	text_add(&words, mailbox->ask.only_reads ? "EXAMINE " : "SELECT ");
	imap_add_folder(&words, mailbox->ask.folders[imap->folder].name);
	mailbox_step_begin(mailbox, command == IMAP_SELECT
					    ? MAILBOX_STEP_SELECT
					    : MAILBOX_STEP_DELETE);
	imap_say(mailbox, command, words.data);
	text_release(&words);
}

static void end_folder(
	struct mailbox *mailbox, enum flow_outcome outcome, const char *said)
{
	struct imap *imap = imap_of(mailbox);
	struct mailbox_folder_facts *facts = facts_of(mailbox);
	facts->read.outcome = outcome;
	facts->read.said = mailbox_clean(mailbox, said);
	facts->read.at_us = mailbox->facts.steps[MAILBOX_STEP_SELECT].at_us;
	imap->folder++;
	read_next_folder(mailbox);
}

/* The worst that holds for all of them. */
static void end_reading(struct mailbox *mailbox)
{
	struct mailbox_facts *facts = &mailbox->facts;
	bool has_read = false;
	for (size_t i = 0; i < facts->n_folders; i++)
		has_read |= facts->folders[i].read.outcome == FLOW_DONE;
	if (!has_read) {
		facts->outcome = facts->folders[0].read.outcome;
		facts->said = facts->folders[0].read.said;
		facts->last = mailbox->step;
	}
	mailbox_is_read(mailbox);
}

static void read_next_folder(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	if (imap->folder == mailbox->facts.n_folders) {
		end_reading(mailbox);
		return;
	}
	imap->uids = (struct mailbox_ids){ 0 };
	imap->wholes = (struct mailbox_ids){ 0 };
	imap->has_result = imap->has_failed = false;
	imap->is_cut = imap->is_short = false;
	imap->unread = 0;
	imap->n_asked = imap->n_wholes_come = imap->n_looked = 0;
	select_folder(mailbox, IMAP_SELECT);
}

void imap_read_folders(struct mailbox *mailbox)
{
	imap_of(mailbox)->folder = 0;
	read_next_folder(mailbox);
}

/* What is told of the folder that was selected. */
static void note_folder(struct mailbox *mailbox, const struct imap_line *line)
{
	struct mailbox_folder_facts *facts = facts_of(mailbox);
	uint32_t number;
	if (line->kind == IMAP_EXISTS) {
		facts->exists = line->number;
		imap_of(mailbox)->has_result = true;
	} else if (imap_code_number(line->code, "UIDVALIDITY", &number)) {
		facts->uid_validity = number;
	} else if (imap_code_number(line->code, "UIDNEXT", &number)) {
		facts->uid_next = number;
	}
}

/* Without UIDPLUS what was deleted stays there, marked. */
static void add_search(struct mailbox *mailbox, struct text *out)
{
	const struct imap *imap = imap_of(mailbox);
	const char *instance = mailbox->ask.instance;
	text_add(out, "UID SEARCH ");
	if (imap->from > 1)
		text_printf(out, "UID %lu:* ", (unsigned long)imap->from);
	if (!imap->has_uidplus && !mailbox->ask.only_reads)
		text_add(out, "UNDELETED ");
	if (mailbox->ask.wants_reports)
		text_add(out, "OR OR HEADER Content-Type \"delivery-status\" "
			      "FROM \"MAILER-DAEMON\" ");
	text_printf(out,
		"OR HEADER " FLOW_HEADER " \"lp1.%s.\" OR HEADER Message-ID "
		"\"lp1.%s.\" SUBJECT \"lp1.%s.\"",
		instance, instance, instance);
}

static void search(struct mailbox *mailbox)
{
	struct text words;
	text_init(&words, LINE_MAX_LEN);
	add_search(mailbox, &words);
	imap_of(mailbox)->has_result = false;
	mailbox_step_begin(mailbox, MAILBOX_STEP_SEARCH);
	imap_say(mailbox, IMAP_DO_SEARCH, words.data);
	text_release(&words);
}

static void after_select(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	struct mailbox_folder_facts *facts = facts_of(mailbox);
	const struct mailbox_folder *known =
		&mailbox->ask.folders[imap->folder];
	bool is_known = known->uid_validity != 0 && known->last_uid != 0 &&
			known->last_uid < UINT32_MAX;
	mailbox_step_end(mailbox,
		line->kind == IMAP_OK ? FLOW_DONE : FLOW_TURNED_DOWN,
		said_of(mailbox, line));
	if (line->kind != IMAP_OK) {
		end_folder(mailbox, FLOW_TURNED_DOWN, said_of(mailbox, line));
		return;
	}
	if (!imap->has_result) {
		mailbox_fail(mailbox, FLOW_BROKEN,
			"does not tell how many messages there are");
		return;
	}
	imap->selected = imap->folder + 1;
	imap->is_read_only =
		line->code != NULL && strncmp(line->code, "READ-ONLY", 9) == 0;
	/* Or it was restored from a copy that is older than what is known. */
	facts->has_changed =
		known->uid_validity != 0 &&
		(known->uid_validity != facts->uid_validity ||
			(facts->uid_next != 0 &&
				known->last_uid >= facts->uid_next));
	imap->from = is_known && !facts->has_changed ? known->last_uid + 1 : 1;
	if (facts->exists == 0 ||
		(facts->uid_next != 0 && imap->from >= facts->uid_next)) {
		facts->is_all = true;
		facts->settled_uid = imap->from - 1;
		end_folder(mailbox, FLOW_DONE, NULL);
		return;
	}
	search(mailbox);
}

/* -- what was found ------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	uint32_t one, other;
	memcpy(&one, a, sizeof(one));
	memcpy(&other, b, sizeof(other));
	return one < other ? -1 : one > other;
}

static void sort_found(struct imap *imap)
{
	struct mailbox_ids *uids = &imap->uids;
	size_t n = 0;
	if (uids->n == 0)
		return;
	qsort(uids->ids, uids->n, sizeof(*uids->ids), compare);
	for (size_t i = 0; i < uids->n; i++)
		if (n == 0 || uids->ids[n - 1] != uids->ids[i])
			uids->ids[n++] = uids->ids[i];
	uids->n = n;
}

static void on_search(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	struct arena *arena = arena_new(4 * 1024 * 1024);
	uint32_t *found = NULL;
	size_t n = 0;
	if (imap_read_search(arena, &imap->response, &found, &n)) {
		imap->has_result = true;
		/* "7:*" is the last message too, where that is below 7. */
		for (size_t i = 0; i < n; i++)
			if (found[i] >= imap->from &&
				imap->uids.n < IMAP_FOUND_MAX)
				mailbox_ids_add(
					mailbox->arena, &imap->uids, found[i]);
	} else {
		imap->is_cut = true;
	}
	arena_free(arena);
}

/* The first that can't be read in this run. */
static void leave(struct imap *imap, uint32_t uid)
{
	if (imap->unread == 0 || uid < imap->unread)
		imap->unread = uid;
}

static void leave_some(struct imap *imap)
{
	struct mailbox_ids *uids = &imap->uids;
	size_t first = MAILBOX_READ_MAX - MAILBOX_NEWEST;

	leave(imap, uids->ids[first]);
	memmove(&uids->ids[first], &uids->ids[uids->n - MAILBOX_NEWEST],
		MAILBOX_NEWEST * sizeof(*uids->ids));
	uids->n = MAILBOX_READ_MAX;
	imap->is_short = true;
}

/* Those that were not asked for. */
static void leave_rest(struct imap *imap)
{
	leave(imap, imap->uids.ids[imap->n_asked]);
	imap->uids.n = imap->n_asked;
	imap->is_short = true;
}

static void look_at_newest(struct mailbox *mailbox)
{
	struct mailbox_folder_facts *facts = facts_of(mailbox);
	uint32_t first = facts->exists > MAILBOX_LOOK
				 ? facts->exists - MAILBOX_LOOK + 1
				 : 1;
	char *words = arena_printf(mailbox->arena, "FETCH %lu:%lu " ITEMS,
		(unsigned long)first, (unsigned long)facts->exists);
	facts->is_looked = true;
	if (facts->exists == 0) {
		read_some(mailbox);
		return;
	}
	mailbox_step_begin(mailbox, MAILBOX_STEP_FETCH);
	imap_say(mailbox, IMAP_LOOK, words);
}

static void after_search(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	struct mailbox_folder_facts *facts = facts_of(mailbox);
	bool is_fine = line->kind == IMAP_OK;
	if (is_fine && !imap->has_result && !imap->is_cut) {
		/* Silence is not "none". */
		mailbox_fail(mailbox, FLOW_BROKEN,
			"ends a search without its result");
		return;
	}
	mailbox_step_end(mailbox, is_fine ? FLOW_DONE : FLOW_TURNED_DOWN,
		is_fine ? NULL : said_of(mailbox, line));
	imap->has_failed = !is_fine || imap->is_cut;
	sort_found(imap);
	facts->n_found = imap->uids.n;
	if (imap->uids.n > MAILBOX_READ_MAX)
		leave_some(imap);
	if (imap->has_failed)
		imap->uids.n = 0;
	if (imap->uids.n == 0) {
		look_at_newest(mailbox);
		return;
	}
	imap->has_come = arena_array(
		mailbox->arena, imap->uids.n, sizeof(*imap->has_come));
	read_some(mailbox);
}

/* -- headers ------------------------------------------------------------- */

static void ask_for(struct mailbox *mailbox, enum imap_command command,
	const struct mailbox_ids *ids, const char *items)
{
	struct imap *imap = imap_of(mailbox);
	size_t n = ids->n - imap->n_asked;
	size_t most = command == IMAP_WHOLES ? WHOLES_AT_ONCE : AT_ONCE;
	struct text words;
	text_init(&words, LINE_MAX_LEN);
	text_add(&words, "UID FETCH ");
	imap->n_asked += imap_add_set(
		&words, ids->ids + imap->n_asked, n < most ? n : most);
	text_printf(&words, " %s", items);
	mailbox_step_begin(mailbox, MAILBOX_STEP_FETCH);
	imap_say(mailbox, command, words.data);
	text_release(&words);
}

/* What was not found is no probe. */
static bool is_searched(const struct mailbox *mailbox)
{
	const struct imap *imap = mailbox->own;
	return !imap->has_failed ||
	       mailbox->facts.folders[imap->folder].exists <= MAILBOX_LOOK;
}

/* Below all that has to be looked at again. */
static uint32_t settled(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	const struct mailbox_folder_facts *facts = facts_of(mailbox);
	const struct mailbox_ids *own = &mailbox->own_ids[imap->folder];
	uint32_t last =
		facts->uid_next > LATER + 1 ? facts->uid_next - 1 - LATER : 0;
	for (size_t i = 0; i < own->n; i++)
		if (own->ids[i] <= last)
			last = own->ids[i] - 1;
	if (imap->unread != 0 && imap->unread <= last)
		last = imap->unread - 1;
	return !imap->is_cut && last >= imap->from && is_searched(mailbox)
		       ? last
		       : imap->from - 1;
}

static const char *why_not(const struct mailbox *mailbox)
{
	const struct mailbox_step *search =
		&mailbox->facts.steps[MAILBOX_STEP_SEARCH];
	const struct mailbox_step *fetch =
		&mailbox->facts.steps[MAILBOX_STEP_FETCH];
	if (fetch->outcome == FLOW_TURNED_DOWN && fetch->said != NULL)
		return fetch->said;
	return search->said != NULL ? search->said
				    : "searches, and its result can't be read";
}

/* Somebody may have deleted it meanwhile; or not. */
static void note_missing(struct imap *imap)
{
	for (size_t i = 0; i < imap->uids.n; i++)
		imap->is_cut |= !imap->has_come[i];
}

static void read_some(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	struct mailbox_folder_facts *facts = facts_of(mailbox);
	if (!facts->is_looked && imap->n_asked < imap->uids.n) {
		ask_for(mailbox, IMAP_DO_FETCH, &imap->uids, ITEMS);
		return;
	}
	if (!facts->is_looked)
		note_missing(imap);
	facts->is_all =
		!imap->is_cut && !imap->is_short && is_searched(mailbox);
	facts->settled_uid = settled(mailbox);
	if (imap->has_failed && !facts->is_all)
		end_folder(mailbox, FLOW_TURNED_DOWN, why_not(mailbox));
	else
		end_folder(mailbox, FLOW_DONE, NULL);
}

static void read_wholes(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	if (imap->n_asked > 0 && imap->n_asked < imap->wholes.n &&
		mailbox_is_late(mailbox)) {
		leave(imap, imap->wholes.ids[imap->n_asked]);
		imap->wholes.n = imap->n_asked;
	}
	if (imap->n_asked < imap->wholes.n) {
		ask_for(mailbox, IMAP_WHOLES, &imap->wholes,
			"(UID BODY.PEEK[]<0.65536>)");
		return;
	}
	/* Somebody may have deleted it meanwhile; or not. */
	if (imap->n_wholes_come < imap->wholes.n)
		leave(imap, imap->wholes.ids[0]);
	imap->n_asked = imap->uids.n;
	read_some(mailbox);
}

/* The oldest of them, so that the others come in their turn. */
static void choose_wholes(struct imap *imap)
{
	struct mailbox_ids *wholes = &imap->wholes;
	if (wholes->n > 1)
		qsort(wholes->ids, wholes->n, sizeof(*wholes->ids), compare);
	if (wholes->n <= MAILBOX_WHOLES_MAX)
		return;
	leave(imap, wholes->ids[MAILBOX_WHOLES_MAX]);
	wholes->n = MAILBOX_WHOLES_MAX;
}

/* As good as none: the search may be blind for what is ours. */
static bool finds_others_only(struct mailbox *mailbox)
{
	const struct imap *imap = imap_of(mailbox);
	return !facts_of(mailbox)->is_looked && !imap->is_short &&
	       !imap->is_cut && mailbox->own_ids[imap->folder].n == 0 &&
	       imap->uids.n < facts_of(mailbox)->exists &&
	       !mailbox_is_late(mailbox);
}

static void after_headers(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	if (imap->n_asked < imap->uids.n && !facts_of(mailbox)->is_looked) {
		if (!mailbox_is_late(mailbox)) {
			read_some(mailbox);
			return;
		}
		leave_rest(imap);
	}
	if (finds_others_only(mailbox)) {
		note_missing(imap);
		look_at_newest(mailbox);
		return;
	}
	imap->n_asked = 0;
	choose_wholes(imap);
	read_wholes(mailbox);
}

/* Whether it was asked for, and is here for the first time. */
static bool is_wanted(struct mailbox *mailbox, uint32_t uid)
{
	struct imap *imap = imap_of(mailbox);
	const uint32_t *at;
	if (imap->command == IMAP_WHOLES)
		return mailbox_ids_have(&imap->wholes, uid);
	if (imap->command == IMAP_LOOK) {
		if (uid < imap->from || mailbox_ids_have(&imap->uids, uid) ||
			imap->n_looked > MAILBOX_LOOK)
			return false;
		mailbox_ids_add(mailbox->arena, &imap->uids, uid);
		return true;
	}
	at = bsearch(&uid, imap->uids.ids, imap->n_asked, sizeof(uid), compare);
	if (at == NULL || imap->has_come[at - imap->uids.ids])
		return false;
	imap->has_come[at - imap->uids.ids] = true;
	return true;
}

static char *without_nul(
	struct arena *arena, const char *s, size_t len, size_t max)
{
	char *copy;
	if (len > max)
		len = max;
	copy = arena_alloc(arena, len + 1);
	for (size_t i = 0; i < len; i++)
		copy[i] = s[i] == '\0' ? ' ' : s[i];
	return copy;
}

static void on_message(struct mailbox *mailbox, struct arena *arena,
	const struct imap_fetch *fetch)
{
	struct imap *imap = imap_of(mailbox);
	bool is_whole = imap->command == IMAP_WHOLES;
	struct mailbox_message message = {
		.folder = imap->folder,
		.uid = fetch->uid,
		.size = fetch->size,
		.internal_date = fetch->internal_date,
	};
	message.header = without_nul(arena, fetch->section, fetch->section_len,
		is_whole ? MAILBOX_WHOLE_MAX : MAILBOX_HEADER_MAX);
	if (is_whole) {
		message.whole = message.header;
		imap->n_wholes_come++;
	} else {
		facts_of(mailbox)->n_read++;
	}
	if (mailbox_hand_out(mailbox, &message) == MAILBOX_WHOLE && !is_whole)
		mailbox_ids_add(mailbox->arena, &imap->wholes, fetch->uid);
}

static void on_fetch(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	struct arena *arena = arena_new(2 * 1024 * 1024);
	struct imap_fetch fetch;
	bool is_readable = imap_read_fetch(arena, &imap->response, &fetch);
	/* As the search would have left it out. */
	bool is_marked = is_readable && fetch.is_deleted &&
			 imap->command == IMAP_LOOK && !imap->has_uidplus &&
			 !mailbox->ask.only_reads;
	imap->n_looked += is_readable && fetch.section != NULL &&
			  imap->command == IMAP_LOOK;
	if (!is_readable)
		mailbox_fail(mailbox, FLOW_BROKEN,
			"sends a message that can't be read");
	else if (fetch.section != NULL && fetch.uid != 0 && !is_marked &&
		 is_wanted(mailbox, fetch.uid))
		on_message(mailbox, arena, &fetch);
	arena_free(arena);
}

/* -- deleting ------------------------------------------------------------ */

static void delete_next_folder(struct mailbox *mailbox);

static void delete_some(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	struct mailbox_ids *doomed = &mailbox->doomed[imap->folder];
	struct text words;
	if (doomed->n == 0) {
		delete_next_folder(mailbox);
		return;
	}
	qsort(doomed->ids, doomed->n, sizeof(*doomed->ids), compare);
	text_init(&words, LINE_MAX_LEN);
	text_add(&words, "UID STORE ");
	imap->n_stored = imap_add_set(&words, doomed->ids, doomed->n);
	text_add(&words, " +FLAGS.SILENT (\\Deleted)");
	mailbox_step_begin(mailbox, MAILBOX_STEP_DELETE);
	imap_say(mailbox, IMAP_STORE, words.data);
	text_release(&words);
}

static void delete_here(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	if (imap->is_read_only) {
		mailbox_not_deleted(
			mailbox, imap->folder, "it may only be read");
		delete_next_folder(mailbox);
		return;
	}
	delete_some(mailbox);
}

/* The one that is selected first, since it costs nothing. */
static void delete_next_folder(struct mailbox *mailbox)
{
	struct imap *imap = imap_of(mailbox);
	size_t n = mailbox->facts.n_folders;
	if (imap->selected > 0 && mailbox->doomed[imap->selected - 1].n > 0) {
		imap->folder = imap->selected - 1;
		delete_here(mailbox);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (mailbox->doomed[i].n == 0)
			continue;
		imap->folder = i;
		select_folder(mailbox, IMAP_SELECT_AGAIN);
		return;
	}
	imap_log_out(mailbox);
}

void imap_delete(struct mailbox *mailbox)
{
	delete_next_folder(mailbox);
}

/* note_folder() is not for this one: the facts are what was read. */
static void note_again(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	uint32_t number;
	if (imap_code_number(line->code, "UIDVALIDITY", &number))
		imap->has_result = number == facts_of(mailbox)->uid_validity;
}

static void after_select_again(
	struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	const char *why = NULL;
	if (line->kind != IMAP_OK)
		why = mailbox_clean(mailbox, said_of(mailbox, line));
	else if (!imap->has_result)
		why = "it is another folder now";
	if (line->kind != IMAP_OK || why != NULL) {
		mailbox_not_deleted(mailbox, imap->folder,
			why != NULL ? why : "it can't be selected");
		delete_next_folder(mailbox);
		return;
	}
	imap->selected = imap->folder + 1;
	imap->is_read_only =
		line->code != NULL && strncmp(line->code, "READ-ONLY", 9) == 0;
	delete_here(mailbox);
}

/* By name only: EXPUNGE alone, and CLOSE, would remove what others have
 * marked (RFC 4315 section 2.1). */
static void after_store(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	struct mailbox_ids *doomed = &mailbox->doomed[imap->folder];
	struct text words;
	if (line->kind != IMAP_OK || !imap->has_uidplus) {
		const char *said = said_of(mailbox, line);
		bool is_fine = line->kind == IMAP_OK;
		mailbox_step_end(
			mailbox, is_fine ? FLOW_DONE : FLOW_TURNED_DOWN, said);
		if (is_fine && imap->n_stored < doomed->n) {
			/* The rest is to be marked, too. */
			struct mailbox_folder_facts *facts = facts_of(mailbox);
			facts->n_undeleted += imap->n_stored;
			doomed->ids += imap->n_stored;
			doomed->cap -= imap->n_stored;
			doomed->n -= imap->n_stored;
			delete_some(mailbox);
			return;
		}
		mailbox_not_deleted(mailbox, imap->folder,
			is_fine ? "its server has no UIDPLUS: they are marked"
				: mailbox_clean(mailbox,
					  said != NULL ? said : "refused"));
		delete_next_folder(mailbox);
		return;
	}
	text_init(&words, LINE_MAX_LEN);
	text_add(&words, "UID EXPUNGE ");
	(void)imap_add_set(&words, doomed->ids, imap->n_stored);
	imap_say(mailbox, IMAP_DO_EXPUNGE, words.data);
	text_release(&words);
}

static void after_expunge(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	struct mailbox_ids *doomed = &mailbox->doomed[imap->folder];
	const char *said = said_of(mailbox, line);
	bool is_fine = line->kind == IMAP_OK;
	mailbox_step_end(mailbox, is_fine ? FLOW_DONE : FLOW_TURNED_DOWN, said);
	if (!is_fine) {
		mailbox_not_deleted(mailbox, imap->folder,
			mailbox_clean(
				mailbox, said != NULL ? said : "refused"));
		delete_next_folder(mailbox);
		return;
	}
	facts_of(mailbox)->n_deleted += imap->n_stored;
	doomed->ids += imap->n_stored;
	doomed->cap -= imap->n_stored;
	doomed->n -= imap->n_stored;
	delete_some(mailbox);
}

/* -- what comes ---------------------------------------------------------- */

/* Others delete meanwhile: a FETCH of a number that is no more is refused. */
static void note_number(struct mailbox *mailbox, const struct imap_line *line)
{
	struct mailbox_folder_facts *facts = facts_of(mailbox);
	if (line->kind == IMAP_EXISTS)
		facts->exists = line->number;
	else if (line->kind == IMAP_EXPUNGE && facts->exists > 0)
		facts->exists--;
}

void imap_folder_line(struct mailbox *mailbox, const struct imap_line *line)
{
	struct imap *imap = imap_of(mailbox);
	if (imap->command == IMAP_SELECT)
		note_folder(mailbox, line);
	else if (imap->command == IMAP_SELECT_AGAIN)
		note_again(mailbox, line);
	else if (imap->command == IMAP_DO_SEARCH && line->kind == IMAP_SEARCH)
		on_search(mailbox);
	else if (imap->command == IMAP_DO_SEARCH ||
		 (imap->command == IMAP_DO_FETCH && line->kind != IMAP_FETCH))
		note_number(mailbox, line);
	else if (line->kind == IMAP_FETCH && imap->command >= IMAP_LOOK &&
		 imap->command <= IMAP_WHOLES)
		on_fetch(mailbox);
}

void imap_folder_end(struct mailbox *mailbox, const struct imap_line *line)
{
	bool is_fine = line->kind == IMAP_OK;
	switch ((unsigned)imap_of(mailbox)->command) {
	case IMAP_SELECT:
		after_select(mailbox, line);
		return;
	case IMAP_DO_SEARCH:
		after_search(mailbox, line);
		return;
	case IMAP_LOOK:
	case IMAP_DO_FETCH:
	case IMAP_WHOLES:
		mailbox_step_end(mailbox,
			is_fine ? FLOW_DONE : FLOW_TURNED_DOWN,
			is_fine ? NULL : said_of(mailbox, line));
		/* There are some, and none came. */
		imap_of(mailbox)->is_cut |=
			!is_fine || (imap_of(mailbox)->command == IMAP_LOOK &&
					    imap_of(mailbox)->n_looked == 0);
		imap_of(mailbox)->has_failed |=
			!is_fine && facts_of(mailbox)->n_read == 0;
		if (imap_of(mailbox)->command == IMAP_WHOLES)
			read_wholes(mailbox);
		else
			after_headers(mailbox);
		return;
	case IMAP_SELECT_AGAIN:
		after_select_again(mailbox, line);
		return;
	case IMAP_STORE:
		after_store(mailbox, line);
		return;
	default:
		after_expunge(mailbox, line);
		return;
	}
}
