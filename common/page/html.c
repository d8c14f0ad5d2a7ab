/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "common/page/html.h"

#include <stdint.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	REFERENCE_MAX = 12, /* bytes between '&' and ';' */
	NO_BREAK = 0xa0,    /* a blank at which no line ends */
	LATIN_FROM = 0xa1,
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static bool begins(const char *at, const char *end, const char *word)
{
	for (; *word != '\0'; word++, at++)
		if (at >= end || text_lower(*at) != *word)
			return false;
	return true;
}

/* -- tags ----------------------------------------------------------------- */

struct html html_begin(const char *data, size_t len)
{
	return (struct html){ .at = data, .end = data + len };
}

/* To behind the word; to the end where it does not come any more. */
static void skip_behind(struct html *html, const char *word)
{
	for (; html->at < html->end; html->at++)
		if (*html->at == *word && begins(html->at, html->end, word)) {
			html->at += strlen(word);
			return;
		}
	html->is_cut = true;
}

/* The '>' that ends a tag, quotes passed over; the end: there is none. */
static const char *find_tag_end(const char *at, const char *end)
{
	char quote = '\0';

	for (; at < end; at++) {
		if (quote != '\0') {
			if (*at == quote)
				quote = '\0';
		} else if (*at == '"' || *at == '\'') {
			/* A quote counts where a value begins only. */
			if (at[-1] == '=' || is_blank(at[-1]))
				quote = *at;
		} else if (*at == '>') {
			return at;
		}
	}
	return end;
}

static void take_name(struct html *html, const char *at, const char *end)
{
	size_t n = 0;

	while (at < end && !is_blank(*at) && *at != '/' && *at != '>') {
		if (n < HTML_NAME_MAX - 1)
			html->name[n++] = text_lower(*at);
		at++;
	}
	html->name[n] = '\0';
	html->span = at;
}

/* What is between its tags is no text that anybody reads. */
static void skip_raw(struct html *html)
{
	if (strcmp(html->name, "script") == 0)
		skip_behind(html, "</script");
	else if (strcmp(html->name, "style") == 0)
		skip_behind(html, "</style");
	else
		return;
	skip_behind(html, ">");
}

static bool is_root(const char *name)
{
	return strcmp(name, "html") == 0 || strcmp(name, "body") == 0;
}

/* At "<" and a letter, or "</" and a letter. */
static bool take_tag(struct html *html)
{
	const char *name = html->at + 1;
	const char *end = find_tag_end(name, html->end);

	html->kind = HTML_OPEN;
	if (*name == '/') {
		html->kind = HTML_CLOSE;
		name++;
	}
	/* A tag that never ends takes the rest with it. */
	if (end == html->end) {
		html->at = html->end;
		html->kind = HTML_END;
		html->is_cut = true;
		return false;
	}
	take_name(html, name, end);
	html->span_len = (size_t)(end - html->span);
	html->at = end + 1;
	if (is_root(html->name))
		*(html->kind == HTML_OPEN ? &html->is_open : &html->is_closed) =
			true;
	if (html->kind == HTML_OPEN)
		skip_raw(html);
	return true;
}

static bool is_tag(const char *at, const char *end)
{
	if (end - at < 2 || *at != '<')
		return false;
	return is_letter(at[1]) ||
	       (at[1] == '/' && end - at > 2 && is_letter(at[2]));
}

/* "<!--", "<!", "<?": not for readers. */
static bool is_markup(const char *at, const char *end)
{
	return end - at >= 2 && *at == '<' && (at[1] == '!' || at[1] == '?');
}

/* "<" or "</", of which more should have come. */
static bool ends_in_tag(const char *start, const char *end)
{
	return end[-1] == '<' ||
	       (end - start >= 2 && end[-2] == '<' && end[-1] == '/');
}

bool html_next(struct html *html)
{
	const char *start;

	while (is_markup(html->at, html->end))
		skip_behind(html,
			begins(html->at, html->end, "<!--") ? "-->" : ">");
	if (html->at >= html->end) {
		html->kind = HTML_END;
		return false;
	}
	if (is_tag(html->at, html->end))
		return take_tag(html);
	start = html->at++;
	while (html->at < html->end && !is_tag(html->at, html->end) &&
		!is_markup(html->at, html->end))
		html->at++;
	if (html->at == html->end && ends_in_tag(start, html->end))
		html->is_cut = true;
	html->kind = HTML_TEXT;
	html->span = start;
	html->span_len = (size_t)(html->at - start);
	return true;
}

/* -- text ----------------------------------------------------------------- */

static void add_character(struct text *out, uint32_t c)
{
	char bytes[4];
	size_t n = 0;

	if (c < 0x80) {
		bytes[n++] = (char)c;
	} else if (c < 0x800) {
		bytes[n++] = (char)(0xc0U | c >> 6);
		bytes[n++] = (char)(0x80U | (c & 0x3fU));
	} else {
		if (c < 0x10000) {
			bytes[n++] = (char)(0xe0U | c >> 12);
		} else {
			bytes[n++] = (char)(0xf0U | c >> 18);
			bytes[n++] = (char)(0x80U | (c >> 12 & 0x3fU));
		}
		bytes[n++] = (char)(0x80U | (c >> 6 & 0x3fU));
		bytes[n++] = (char)(0x80U | (c & 0x3fU));
	}
	text_add_len(out, bytes, n);
}

/* "#39", "#x27": 0: no character that may stand in a text. */
static uint32_t number_of(const char *at, size_t len)
{
	uint32_t base = len > 1 && text_lower(at[1]) == 'x' ? 16 : 10;
	size_t i = base == 16 ? 2 : 1;
	uint32_t value = 0;

	for (; i < len; i++) {
		char c = text_lower(at[i]);
		uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
				 : c >= 'a' && c <= 'f'
					 ? (uint32_t)(c - 'a') + 10
					 : 16;

		if (digit >= base || value > 0x10ffff)
			return 0;
		value = value * base + digit;
	}
	if (value < 0x20 || value > 0x10ffff ||
		(value >= 0xd800 && value <= 0xdfff))
		return value == '\n' || value == '\t' ? ' ' : 0;
	return value;
}

/* ISO 8859-1 from 161 on, by the names that HTML has for it. */
static const char *const latin[] = { "iexcl", "cent", "pound", "curren", "yen",
	"brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy", "reg",
	"macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para",
	"middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12",
	"frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml",
	"Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml",
	"Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
	"Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave",
	"Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave",
	"aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
	"egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
	"iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
	"divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute",
	"thorn", "yuml" };

static bool is_named(const char *name, const char *at, size_t len)
{
	return strlen(name) == len && memcmp(name, at, len) == 0;
}

static uint32_t named(const char *at, size_t len)
{
	static const struct {
		const char *name;
		uint32_t c;
	} names[] = {
		{ "amp", '&' },
		{ "lt", '<' },
		{ "gt", '>' },
		{ "quot", '"' },
		{ "apos", '\'' },
		{ "nbsp", ' ' },
		{ "ndash", 0x2013 },
		{ "mdash", 0x2014 },
		{ "hellip", 0x2026 },
		{ "lsquo", 0x2018 },
		{ "rsquo", 0x2019 },
		{ "ldquo", 0x201c },
		{ "rdquo", 0x201d },
		{ "euro", 0x20ac },
		{ "OElig", 0x152 },
		{ "oelig", 0x153 },
		{ "Scaron", 0x160 },
		{ "scaron", 0x161 },
		{ "zwnj", 0x200c },
		{ "bull", 0x2022 },
	};
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		if (is_named(names[i].name, at, len))
			return names[i].c;
	for (i = 0; i < LENGTH(latin); i++)
		if (is_named(latin[i], at, len))
			return LATIN_FROM + (uint32_t)i;
	return 0;
}

/* The character of the reference at '&', and its length; 0: it is none. */
static uint32_t reference(const char *at, const char *end, size_t *len)
{
	const char *stop = at + 1;
	uint32_t c;

	while (stop < end && *stop != ';' && stop - at <= REFERENCE_MAX)
		stop++;
	if (stop == end || *stop != ';')
		return 0;
	*len = (size_t)(stop - at) + 1;
	c = at[1] == '#' ? number_of(at + 1, *len - 2)
			 : named(at + 1, *len - 2);
	return c == NO_BREAK ? ' ' : c;
}

/* NO_BREAK in UTF-8. */
static bool is_no_break(const char *at, const char *end)
{
	return end - at >= 2 && at[0] == '\xc2' && at[1] == '\xa0';
}

static void add_blank(struct text *out)
{
	if (out->len > 0 && out->data[out->len - 1] != ' ')
		text_add_len(out, " ", 1);
}

/* One character, or a run of bytes up to what is special. */
static const char *add_piece(
	struct text *out, const char *at, const char *end, bool joins_blanks)
{
	const char *start = at;
	size_t len = 1;
	uint32_t c = *at == '&' ? reference(at, end, &len) : 0;

	if (c == ' ' && joins_blanks) {
		add_blank(out);
		return at + len;
	}
	if (c != 0) {
		add_character(out, c);
		return at + len;
	}
	for (at++; at < end && *at != '&' && !is_blank(*at) &&
		   !is_no_break(at, end);
		at++)
		continue;
	text_add_len(out, start, (size_t)(at - start));
	return at;
}

void html_add_text(struct text *out, const char *span, size_t len)
{
	const char *end = span + len;

	while (span < end && !out->is_cut) {
		if (is_blank(*span)) {
			add_blank(out);
			span++;
		} else if (is_no_break(span, end)) {
			add_blank(out);
			span += 2;
		} else {
			span = add_piece(out, span, end, true);
		}
	}
}

bool html_breaks_line(const char *name)
{
	static const char *const inline_names[] = { "a", "abbr", "b", "cite",
		"code", "em", "font", "i", "img", "mark", "s", "small", "span",
		"strong", "sub", "sup", "time", "tt", "u", "var", "wbr" };
	size_t i;

	for (i = 0; i < LENGTH(inline_names); i++)
		if (strcmp(name, inline_names[i]) == 0)
			return false;
	return true;
}

const char *html_plain(
	struct arena *arena, const char *data, size_t len, size_t max)
{
	struct html html = html_begin(data, len);
	struct text text;
	const char *copy;

	text_init(&text, max);
	while (!text.is_cut && html_next(&html)) {
		if (html.kind == HTML_TEXT)
			html_add_text(&text, html.span, html.span_len);
		else if (html_breaks_line(html.name))
			add_blank(&text);
	}
	while (text.len > 0 && text.data[text.len - 1] == ' ')
		text.data[--text.len] = '\0';
	copy = arena_strdup(arena, text.data);
	text_release(&text);
	return copy;
}

/* -- attributes ----------------------------------------------------------- */

struct attribute {
	const char *name, *value;
	size_t name_len, value_len;
};

/* The next one at *at; false: there is none. */
static bool next_attribute(
	const char **at, const char *end, struct attribute *out)
{
	const char *c = *at;
	char quote = '\0';

	while (c < end && (is_blank(*c) || *c == '/'))
		c++;
	if (c == end)
		return false;
	out->name = c;
	for (c++; c < end && !is_blank(*c) && *c != '=' && *c != '/'; c++)
		continue;
	out->name_len = (size_t)(c - out->name);
	out->value = c;
	out->value_len = 0;
	*at = c;
	while (c < end && is_blank(*c))
		c++;
	if (c == end || *c != '=')
		return true;
	for (c++; c < end && is_blank(*c); c++)
		continue;
	if (c < end && (*c == '"' || *c == '\''))
		quote = *c++;
	out->value = c;
	while (c < end && (quote != '\0' ? *c != quote : !is_blank(*c)))
		c++;
	out->value_len = (size_t)(c - out->value);
	*at = c < end ? c + 1 : c;
	return true;
}

bool html_attribute(const struct html *html, const char *name, struct text *out)
{
	const char *at = html->span;
	const char *end = html->span + html->span_len;
	size_t len = strlen(name);
	struct attribute attribute;

	text_clear(out);
	while (next_attribute(&at, end, &attribute)) {
		const char *value = attribute.value;
		const char *stop = value + attribute.value_len;

		if (attribute.name_len != len ||
			!begins(attribute.name, attribute.name + len, name))
			continue;
		while (value < stop && !out->is_cut)
			value = add_piece(out, value, stop, false);
		return true;
	}
	return false;
}

bool html_has_word(const char *value, const char *word)
{
	size_t len = strlen(word);

	while (*value != '\0') {
		size_t n = 0;

		while (is_blank(*value))
			value++;
		while (value[n] != '\0' && !is_blank(value[n]))
			n++;
		if (n == len && memcmp(value, word, len) == 0)
			return true;
		value += n;
	}
	return false;
}
