/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/page/prose.h"

#include <string.h>

#include "common/core/text.h"
#include "common/page/html.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	WORD_MAX = 40,     /* bytes of "Maintenance in progress" */
	LINE_BYTES = 8000, /* of a line; the rest of it is left out */
};

/* Maintenances have their own; "update" changes nothing. */
const struct word prose_phases[] = {
	{ "investigating", PAGE_PHASE_INVESTIGATING },
	{ "identified", PAGE_PHASE_IDENTIFIED },
	{ "monitoring", PAGE_PHASE_MONITORING },
	{ "watching", PAGE_PHASE_MONITORING },
	{ "resolved", PAGE_PHASE_RESOLVED },
	{ "fixed", PAGE_PHASE_RESOLVED },
	{ "closed", PAGE_PHASE_RESOLVED },
	{ "postmortem", PAGE_PHASE_POSTMORTEM },
	{ "scheduled", PAGE_PHASE_SCHEDULED },
	{ "planned", PAGE_PHASE_SCHEDULED },
	{ "in progress", PAGE_PHASE_IN_PROGRESS },
	{ "in_progress", PAGE_PHASE_IN_PROGRESS },
	{ "maintenance in progress", PAGE_PHASE_IN_PROGRESS },
	{ "verifying", PAGE_PHASE_VERIFYING },
	{ "completed", PAGE_PHASE_COMPLETED },
	{ "complete", PAGE_PHASE_COMPLETED },
	{ "maintenance complete", PAGE_PHASE_COMPLETED },
	{ "maintenance completed", PAGE_PHASE_COMPLETED },
	{ "cancelled", PAGE_PHASE_CANCELLED },
	{ "canceled", PAGE_PHASE_CANCELLED },
	{ NULL, 0 },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c >= 0x80;
}

/* -- prose ---------------------------------------------------------------- */

/* Whether the word is that of len letters at s. */
static bool is_word(const char *s, size_t len, const char *word)
{
	size_t i;

	if (strlen(word) != len)
		return false;
	for (i = 0; i < len; i++)
		if (text_lower(s[i]) != word[i])
			return false;
	return true;
}

static bool is_any(
	const char *s, size_t len, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (is_word(s, len, words[i]))
			return true;
	return false;
}

/* What takes back, or puts off, that something is over. */
static const char *const doubts[] = { "not", "partially", "partly", "until",
	"once", "when", "if", "being", "yet", "continue", "continues", "some",
	"expected", "before", "will", "should", "working", "almost", "nearly",
	"most", "unless", "be", "except", "but", "still", "remains" };

static const char *const overs[] = { "resolved", "mitigated", "fixed" };

struct clause {
	bool is_first_over, is_last_over;
	bool has_doubt;
	size_t n_words;
};

/* One clause, up to a full stop and the like; *at is behind it. */
static struct clause take_clause(const char **at)
{
	struct clause clause = { 0 };
	const char *s = *at;

	while (*s != '\0' && !strchr(".;!?:", *s)) {
		size_t len = 0;
		bool is_over;

		while (is_letter(s[len]))
			len++;
		if (len == 0) {
			s++;
			continue;
		}
		is_over = is_any(s, len, overs, LENGTH(overs));
		clause.is_first_over |= is_over && clause.n_words == 0;
		clause.is_last_over = is_over;
		clause.has_doubt |= is_any(s, len, doubts, LENGTH(doubts));
		clause.n_words++;
		s += len;
	}
	*at = *s != '\0' ? s + 1 : s;
	return clause;
}

bool prose_is_over(const char *text)
{
	bool is_over = false;

	while (*text != '\0') {
		struct clause clause = take_clause(&text);
		bool begins_so = clause.is_first_over && clause.n_words == 1;

		if (clause.n_words == 0)
			continue;
		/* "Resolved: Name", where the colon ends the clause. */
		if (begins_so && text[-1] == ':')
			return true;
		is_over = (clause.is_first_over || clause.is_last_over) &&
			  !clause.has_doubt;
	}
	return is_over;
}

/* The phase that the len bytes are the word of; -1: of none. */
static int phase_of(const char *s, size_t len)
{
	char word[WORD_MAX + 1];

	while (len > 0 && s[len - 1] == ' ')
		len--;
	if (len == 0 || len > WORD_MAX)
		return -1;
	memcpy(word, s, len);
	word[len] = '\0';
	return word_find(prose_phases, word);
}

enum page_phase prose_phase_of_title(const char *title)
{
	const char *end;
	int phase = -1;

	if (*title == '[') {
		end = strchr(title, ']');
		if (end)
			phase = phase_of(title + 1, (size_t)(end - title) - 1);
	} else {
		end = strchr(title, ':');
		if (end)
			phase = phase_of(title, (size_t)(end - title));
	}
	return phase < 0 ? PAGE_PHASE_NOT_SAID : (enum page_phase)phase;
}

/* -- posts ---------------------------------------------------------------- */

struct post {
	struct reader *reader;
	struct page_event *event;
	struct page_update *update; /* the one that lines go to; or NULL */
	struct text line, body;
	int64_t near_s;
};

static void end_update(struct post *post)
{
	if (post->update)
		post->update->body = reader_copy(post->reader, post->body.data,
			post->body.len, PAGE_BODY_MAX);
	post->update = NULL;
	text_clear(&post->body);
}

static void begin_update(struct post *post)
{
	end_update(post);
	post->update = reader_add_update(post->reader, post->event);
}

static void add_body(struct post *post, const char *s, size_t len)
{
	if (!post->update || len == 0)
		return;
	if (post->body.len > 0)
		text_add(&post->body, " ");
	text_add_len(&post->body, s, len);
}

/* "Jun 18, 18:09 UTC", or any whole time; a number alone is none here. */
static bool take_time(struct post *post, const char *s, size_t len)
{
	struct page_time time = page_time_read_short(s, len, post->near_s);

	if (time.fate == PAGE_TIME_UNREAD && !(*s >= '0' && *s <= '9'))
		time = page_time_read(s, len, &post->reader->zone);
	if (time.fate == PAGE_TIME_UNREAD || time.fate == PAGE_TIME_NONE)
		return false;
	begin_update(post);
	if (post->update)
		post->update->posted = time;
	return true;
}

/* "Resolved - text", "Resolved"; also "Update - text", of no phase. */
static bool take_phase(struct post *post, const char *s, size_t len)
{
	const char *dash = strstr(s, " - ");
	size_t word_len = dash ? (size_t)(dash - s) : len;
	bool is_update = is_word(s, word_len, "update");
	int phase = phase_of(s, word_len);

	if (phase < 0 && !(is_update && dash))
		return false;
	if (!post->update || post->update->phase != PAGE_PHASE_NOT_SAID ||
		post->body.len > 0)
		begin_update(post);
	if (!post->update)
		return true;
	if (phase >= 0)
		post->update->phase = (enum page_phase)phase;
	post->update->word =
		reader_copy(post->reader, s, word_len, PAGE_NAME_MAX);
	if (dash)
		add_body(post, dash + 3, strlen(dash + 3));
	return true;
}

/* "Status: RESOLVED" */
static bool take_status(struct post *post, const char *s, size_t len)
{
	static const char label[] = "status:";
	size_t n = sizeof(label) - 1;
	int phase;

	if (len <= n || !is_word(s, n, label))
		return false;
	for (s += n, len -= n; *s == ' '; s++, len--)
		continue;
	phase = phase_of(s, len);
	if (phase < 0)
		return false;
	post->event->phase = (enum page_phase)phase;
	post->event->word = reader_copy(post->reader, s, len, PAGE_NAME_MAX);
	return true;
}

static void end_line(struct post *post)
{
	const char *s = post->line.data;
	size_t len = post->line.len;

	if (len > 0 && s[len - 1] == ' ')
		post->line.data[--len] = '\0';
	if (len > 0 && !take_status(post, s, len) && !take_time(post, s, len) &&
		!take_phase(post, s, len))
		add_body(post, s, len);
	text_clear(&post->line);
}

/* The newest phase of the updates is that of the event. */
static void settle(struct post *post)
{
	struct page_event *event = post->event;
	size_t i;

	reader_sort_updates(event);
	event->has_updates |= event->n_updates > 0;
	if (event->phase != PAGE_PHASE_NOT_SAID)
		return;
	for (i = 0; i < event->n_updates; i++)
		if (event->updates[i].phase != PAGE_PHASE_NOT_SAID) {
			event->phase = event->updates[i].phase;
			event->word = event->updates[i].word;
			return;
		}
}

void prose_read(struct reader *reader, const char *html, size_t len,
	int64_t near_s, struct page_event *event)
{
	struct post post = {
		.reader = reader,
		.event = event,
		.near_s = near_s,
	};
	struct html tags = html_begin(html, len);

	text_init(&post.line, LINE_BYTES);
	text_init(&post.body, PAGE_BODY_MAX);
	while (html_next(&tags)) {
		if (tags.kind == HTML_TEXT)
			html_add_text(&post.line, tags.span, tags.span_len);
		else if (html_breaks_line(tags.name))
			end_line(&post);
	}
	end_line(&post);
	end_update(&post);
	settle(&post);
	text_release(&post.line);
	text_release(&post.body);
}
