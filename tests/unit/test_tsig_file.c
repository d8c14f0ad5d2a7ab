/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key files as they are, and as they must not be. */
#include "config.h"

#include "tests/unit/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/dnsnet/transfer.h"
#include "common/dnsnet/tsig.h"

enum {
	ARENA_MAX = 4 * 1024 * 1024,
	PATH_BYTES = 256,
	TOO_LARGE = 65 * 1024,
};

struct place {
	struct arena *arena;
	char folder[PATH_BYTES];
	char file[PATH_BYTES + 8];
	const struct tsig_key *key;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	const char *tmp = getenv("TMPDIR");
	if (place == NULL)
		return -1;
	place->arena = arena_new(ARENA_MAX);
	snprintf(place->folder, sizeof(place->folder), "%s/tsig-XXXXXX",
		tmp ? tmp : "/tmp");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/key", place->folder);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	unlink(place->file);
	rmdir(place->folder);
	arena_free(place->arena);
	free(place);
	return 0;
}

static void write_file(
	const struct place *place, const char *bytes, size_t len, mode_t mode)
{
	unlink(place->file);
	FILE *file = fopen(place->file, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(place->file, mode), 0);
}

static const char *read_text(struct place *place, const char *text)
{
	place->key = NULL;
	write_file(place, text, strlen(text), 0600);
	return tsig_read_key(place->arena, place->file, false, &place->key);
}

/* "secret" */
#define SECRET "c2VjcmV0"

static void holds(struct place *place, const char *text, const char *shown)
{
	const char *wrong = read_text(place, text);
	assert_null(wrong);
	assert_non_null(place->key);
	assert_string_equal(tsig_key_text(place->key), shown);
	assert_int_equal(place->key->secret_len, 6);
	assert_memory_equal(place->key->secret, "secret", 6);
}

static void a_clause_of_bind(void **state)
{
	struct place *place = *state;
	holds(place,
		"key \"transfer-key\" {\n\talgorithm hmac-sha256;\n"
		"\tsecret \"" SECRET "\";\n};\n",
		"hmac-sha256 transfer-key");
	holds(place,
		"key Transfer.Example. { secret " SECRET
		"; algorithm \"HMAC-SHA512\"; };",
		"hmac-sha512 transfer.example");
	holds(place, "key k{algorithm hmac-md5;secret " SECRET ";};",
		"hmac-md5 k");
	holds(place,
		"key k { algorithm hmac-md5.sig-alg.reg.int; secret " SECRET
		"; };",
		"hmac-md5 k");
}

static void comments_are_skipped(void **state)
{
	struct place *place = *state;
	holds(place,
		"// key \"a\" { };\n# key b\n/* key \"c\" {\n } */\n"
		"key/**/\"k\" { # {\n algorithm hmac-sha1; // x\n secret \"" SECRET
		"\" /* ; */ ; };",
		"hmac-sha1 k");
}

static void the_first_of_several(void **state)
{
	struct place *place = *state;
	holds(place,
		"options { directory \"/var;}\"; listen-on { any; }; };\n"
		"key one { algorithm hmac-sha224; secret " SECRET "; };\n"
		"key two { algorithm hmac-sha1; secret \"AAAA\"; };\n",
		"hmac-sha224 one");
}

static void one_line(void **state)
{
	struct place *place = *state;
	holds(place, "hmac-sha384:transfer-key:" SECRET,
		"hmac-sha384 transfer-key");
	holds(place, "transfer-key:" SECRET "\r\n", "hmac-sha256 transfer-key");
	holds(place, "\n# a comment: one\n  k.example.org:" SECRET " \nrest",
		"hmac-sha256 k.example.org");
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"# nothing\n",
		"transfer-key",
		"hmac-sha256:transfer-key:",
		"hmac-sha257:transfer-key:" SECRET,
		"hmac-sha256-128:transfer-key:" SECRET,
		"a..b:" SECRET,
		":" SECRET,
		"a:b:c:" SECRET,
		"key k { algorithm hmac-sha1; };",
		"key k { secret \"" SECRET "\"; };",
		"key k { algorithm hmac-sha1; secret \"" SECRET "\" };",
		"key k { algorithm hmac-sha1; secret \"" SECRET "\";",
		"key k { algorithm hmac-sha1; secret \"" SECRET ";\n};",
		"key k { algorithm hmac-sha1; secret \"" SECRET
		"\"; secret \"AAAA\"; };",
		"key k { algorithm hmac-sha1; other x; secret " SECRET "; };",
		"key { algorithm hmac-sha1; secret " SECRET "; };",
		"/* key k { algorithm hmac-sha1; secret " SECRET "; };",
		"options { x; };",
		"options { x;",
		"{",
	};
	struct place *place = *state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *wrong = read_text(place, texts[i]);
		assert_non_null(wrong);
		assert_null(place->key);
		assert_null(strstr(wrong, SECRET));
	}
}

static void base64_is_strict(void **state)
{
	static const char *const texts[] = { "k:c2VjcmV",
		"k:c2VjcmV0=", "k:c2Vj cmV0", "k:c2Vjcm*0",
		"k:====", "k:A===", "k:AB==", "k:AAB=", "k:AA=A",
		"k:c2VjcmV0AA==AAAA", "k:-_-_" };
	struct place *place = *state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_non_null(read_text(place, texts[i]));
	assert_null(read_text(place, "k:AA=="));
	assert_int_equal(place->key->secret_len, 1);
	assert_null(read_text(place, "k:AAA="));
	assert_int_equal(place->key->secret_len, 2);
	assert_null(read_text(place, "k:+/+/"));
	assert_memory_equal(place->key->secret, "\xfb\xff\xbf", 3);
}

static const char *read_mode(struct place *place, mode_t mode, bool permits)
{
	static const char text[] = "k:" SECRET;
	write_file(place, text, strlen(text), mode);
	return tsig_read_key(place->arena, place->file, permits, &place->key);
}

static void others_must_not_read_it(void **state)
{
	struct place *place = *state;
	assert_null(read_mode(place, 0600, false));
	assert_null(read_mode(place, 0640, false));
	assert_non_null(read_mode(place, 0644, false));
	assert_non_null(read_mode(place, 0602, false));
	assert_null(read_mode(place, 0644, true));
}

static void what_is_no_file_is_refused(void **state)
{
	struct place *place = *state;
	assert_non_null(
		tsig_read_key(place->arena, place->file, false, &place->key));
	assert_string_equal(
		tsig_read_key(place->arena, place->folder, true, &place->key),
		"is not a file");
	assert_int_equal(mkfifo(place->file, 0600), 0);
	assert_string_equal(
		tsig_read_key(place->arena, place->file, false, &place->key),
		"is not a file");
}

static void a_file_is_bounded(void **state)
{
	struct place *place = *state;
	char *text = calloc(1, TOO_LARGE);
	assert_non_null(text);
	memset(text, '\n', TOO_LARGE);
	memcpy(text, "k:" SECRET, strlen("k:" SECRET));
	write_file(place, text, TOO_LARGE, 0600);
	assert_non_null(
		tsig_read_key(place->arena, place->file, false, &place->key));
	write_file(place, text, TOO_LARGE - 1024, 0600);
	assert_null(
		tsig_read_key(place->arena, place->file, false, &place->key));
	write_file(place, text, TOO_LARGE - 1023, 0600);
	assert_non_null(
		tsig_read_key(place->arena, place->file, false, &place->key));
	text[50] = '\0';
	write_file(place, text, 100, 0600);
	assert_non_null(
		tsig_read_key(place->arena, place->file, false, &place->key));
	free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_clause_of_bind),
		TEST(comments_are_skipped),
		TEST(the_first_of_several),
		TEST(one_line),
		TEST(what_is_no_key_is_refused),
		TEST(base64_is_strict),
		TEST(others_must_not_read_it),
		TEST(what_is_no_file_is_refused),
		TEST(a_file_is_bounded),
	};
#undef TEST

	return cmocka_run_group_tests_name("tsig_file", tests, NULL, NULL);
}
