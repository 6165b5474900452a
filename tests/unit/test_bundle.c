/* Bug reports: all of it comes back, and nothing that is wrong is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "bundle.h"
#include "canvas.h"
#include "unit/folder.h"

struct world {
	char folder[64], path[128];
	struct bundle loaded;
	struct err err;
};

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->folder, "/tmp/weir-bundle.XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/bug", w->folder);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	bundle_release(&w->loaded);
	remove_folder(w->folder);
	free(w);
	return 0;
}

static char version[] = "0.7", pipeline_name[] = "schema/x.json",
	    pipeline_text[] =
		"{\n\t\"name\": \"x\" // \"quoted\\\" \x7f é 漢 😀\n"
		"}\n",
	    script_name[] = "a b.script", script_text[] = "wait 1s\r\nkeys q",
	    dark[] = "dark", colour_blind[] = "colour-blind", empty[] = "";

static const struct bundle full = {
    .version = version,
    .pipeline_name = pipeline_name,
    .pipeline_text = pipeline_text,
    .script_name = script_name,
    .script_text = script_text,
    .seed = UINT64_MAX,
    .per_s = 12345.678,
    .bad_share = 0.1,
    .events = INT64_MAX,
    .cols = BUNDLE_COLS_MAX,
    .rows = BUNDLE_ROWS_MAX,
    .theme = colour_blind,
    .ascii = true,
    .blocks = true,
    .digest = "0123456789abcdef0123456789abcdef",
};
static const struct bundle least = {
    .version = empty,
    .pipeline_name = empty,
    .pipeline_text = empty,
    .script_name = empty,
    .script_text = empty,
    .seed = 0,
    .per_s = -1,
    .bad_share = -1,
    .events = 0,
    .cols = 1,
    .rows = 1,
    .theme = dark,
};

static void
assert_round(struct world *w, const struct bundle *b)
{
	const struct bundle *l = &w->loaded;

	assert_int_equal(bundle_write(w->path, b, &w->err), 0);
	bundle_release(&w->loaded);
	if (bundle_load(w->path, &w->loaded, &w->err))
		fail_msg("%s", w->err.text);
	assert_string_equal(l->version, b->version);
	assert_string_equal(l->pipeline_name, b->pipeline_name);
	assert_string_equal(l->pipeline_text, b->pipeline_text);
	assert_string_equal(l->script_name, b->script_name);
	assert_string_equal(l->script_text, b->script_text);
	assert_true(l->seed == b->seed);
	assert_true(l->per_s == b->per_s);
	assert_true(l->bad_share == b->bad_share);
	assert_true(l->events == b->events);
	assert_int_equal(l->cols, b->cols);
	assert_int_equal(l->rows, b->rows);
	assert_string_equal(l->theme, b->theme);
	assert_int_equal(l->ascii, b->ascii);
	assert_int_equal(l->blocks, b->blocks);
	assert_string_equal(l->digest, b->digest);
}

static void
test_round(void **state)
{
	static const double rates[] = {0, 0.1, 1e9, INFINITY, -1};
	static const double shares[] = {0, 1, 1.0 / 3, -1};
	struct world *w = *state;
	struct bundle b = full;

	assert_round(w, &full);
	assert_round(w, &least);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		b.per_s = rates[i];
		assert_round(w, &b);
	}
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		b.bad_share = shares[i];
		assert_round(w, &b);
	}
	b.seed = (UINT64_C(1) << 53) + 1; /* no double has it */
	b.ascii = false;
	assert_round(w, &b);
	b.ascii = true;
	b.blocks = false;
	assert_round(w, &b);
	/* What is written can be drawn. */
	assert_int_equal(BUNDLE_COLS_MAX, CANVAS_COLS_MAX);
	assert_int_equal(BUNDLE_ROWS_MAX, CANVAS_ROWS_MAX);
}

static void
read_all(struct world *w, struct buf *text)
{
	assert_int_equal(file_read(w->path, 100000, text, &w->err), 0);
}

/* The format's version can be seen without reading on. */
static void
test_first_member(void **state)
{
	static const char begin[] = "{\n\t\"weir_bundle\":\t1,\n";
	struct world *w = *state;
	struct buf text = BUF_INIT;

	assert_int_equal(bundle_write(w->path, &full, &w->err), 0);
	read_all(w, &text);
	assert_memory_equal(text.data, begin, strlen(begin));
	buf_release(&text);
}

static void
assert_refused(struct world *w, const struct buf *text, const char *why)
{
	struct bundle untouched;
	char wanted[512];

	memset(&untouched, 0x55, sizeof(untouched));
	w->loaded = untouched;
	assert_int_equal(file_replace(w->path, text, &w->err), 0);
	assert_int_equal(bundle_load(w->path, &w->loaded, &w->err), WEIR_USAGE);
	assert_int_equal(w->err.code, WEIR_USAGE);
	assert_memory_equal(&w->loaded, &untouched, sizeof(untouched));
	w->loaded = (struct bundle){0};
	snprintf(wanted, sizeof(wanted), "%s:%s", w->path, why);
	assert_string_equal(w->err.text, wanted);
}

/* `full`, with another value of a member; NULL: without it. */
static void
edit(struct world *w, const char *member, const char *value, struct buf *out)
{
	struct buf text = BUF_INIT;
	char key[64];

	assert_int_equal(bundle_write(w->path, &full, &w->err), 0);
	read_all(w, &text);
	snprintf(key, sizeof(key), "\t\"%s\":", member);
	for (char *line = text.data, *next; *line; line = next) {
		size_t size = strcspn(line, "\n");

		next = line + size + 1;
		if (strncmp(line, key, strlen(key)) != 0)
			buf_add(out, line, size + 1);
		else if (value)
			buf_addf(out, "%s %s%s\n", key, value,
				 line[size - 1] == ',' ? "," : "");
	}
	buf_release(&text);
	/* The last one leaves a comma behind. */
	if (!value && strcmp(member, "digest") == 0)
		memcpy(strstr(out->data, ",\n}"), " \n", 2);
}

static const struct {
	const char *member;
	unsigned line;
	const char *refused[8]; /* values */
	const char *why;
} wrong[] = {
    {"version", 3, {"1", "null", "[]"}, "must be a string, not "},
    {"pipeline_name", 4, {"1", "null", "{}"}, "must be a string, not "},
    {"pipeline_text", 5, {"1", "null", "true"}, "must be a string, not "},
    {"script_name", 6, {"1", "null", "{}"}, "must be a string, not "},
    {"script_text", 7, {"1", "null", "{}"}, "must be a string, not "},
    {"seed",
     8,
     {"1", "null", "\"\"", "\"-1\"", "\"1.5\"", "\"18446744073709551616\"",
      "\"0x1\"", "\" 1\""},
     "must be a whole number from 0 to 18446744073709551615, in quotes"},
    {"per_s", 9, {"\"min\"", "true", "[]"}, "must be a number, not "},
    {"per_s", 9, {"-1", "1000000001"}, "must be a number from 0 to 1e+09"},
    {"bad_share", 10, {"\"max\"", "{}"}, "must be a number, not "},
    {"bad_share", 10, {"-0.1", "1.1"}, "must be a number from 0 to 1"},
    {"events",
     11,
     {"-1", "1.5", "1e3", "\"1\"", "9223372036854775808", "null"},
     "must be a whole number from 0 to 9223372036854775807"},
    {"cols",
     12,
     {"0", "-1", "1025", "80.5", "\"80\"", "4294967376"},
     "must be a whole number from 1 to 1024"},
    {"rows",
     13,
     {"0", "513", "null", "4294967320"},
     "must be a whole number from 1 to 512"},
    {"theme", 14, {"1", "null"}, "must be a string, not "},
    {"theme", 14, {"\"drak\""}, "no theme \"drak\"; did you mean \"dark\"?"},
    {"ascii", 15, {"0", "\"true\"", "null"}, "must be true or false, not "},
    {"blocks", 16, {"1", "[]"}, "must be true or false, not "},
    {"digest", 17, {"1", "null"}, "must be a string, not "},
    {"digest",
     17,
     {"\"0\"", "\"0123456789ABCDEF0123456789ABCDEF\"",
      "\"0123456789abcdef0123456789abcdefa\"",
      "\"0123456789abcdef0123456789abcdeg\"",
      "\"0123456789abcdef0123456789abcde\""},
     "must be 32 hex digits, or \"\""},
    {"weir_bundle",
     2,
     {"0", "2", "1.0", "\"1\"", "null"},
     "must be 1: a report of another format wants the weir that wrote it"},
};

static void
test_wrong_member(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (size_t j = 0; j < 8 && wrong[i].refused[j]; j++) {
			struct buf text = BUF_INIT;
			char wanted[512], *was;

			edit(w, wrong[i].member, wrong[i].refused[j], &text);
			snprintf(wanted, sizeof(wanted), "%s:%u: %s: %s",
				 w->path, wrong[i].line, wrong[i].member,
				 wrong[i].why);
			assert_int_equal(file_replace(w->path, &text, &w->err),
					 0);
			assert_int_equal(
			    bundle_load(w->path, &w->loaded, &w->err),
			    WEIR_USAGE);
			/* What it is instead, of which type, json.h says. */
			was = strstr(w->err.text, ", not ");
			if (was && strstr(wrong[i].why, ", not "))
				was[strlen(", not ")] = '\0';
			assert_string_equal(w->err.text, wanted);
			buf_release(&text);
		}
	}
}

static void
test_missing_member(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf text = BUF_INIT;
		char why[128];

		snprintf(why, sizeof(why), "1: needs \"%s\"", wrong[i].member);
		edit(w, wrong[i].member, NULL, &text);
		assert_refused(w, &text,
			       strcmp(wrong[i].member, "weir_bundle") == 0
				   ? "1: this is no bug report of weir's: it "
				     "has no \"weir_bundle\""
				   : why);
		buf_release(&text);
	}
}

static void
test_other_files(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
	    {"", "1: the file ends where a value was expected"},
	    {"wait 1s\n", "1: expected a value, not 'w'"},
	    {"{\"weir_bundle\": 1",
	     "1: the file ends where ',' or '}' was expected"},
	    {"{}", "1: this is no bug report of weir's: it has no "
		   "\"weir_bundle\""},
	    {"[1]", "1: this is no bug report of weir's: it has no "
		    "\"weir_bundle\""},
	    {"{\"name\": \"x\", \"topic\": {}}",
	     "1: this is no bug report of weir's: it has no \"weir_bundle\""},
	    /* Of another format all else may be different. */
	    {"{\"weir_bundle\": 2, \"new\": 1}",
	     "1: weir_bundle: must be 1: a report of another format wants the "
	     "weir that wrote it"},
	    {"{\"weir_bundle\": 1, \"sed\": \"1\"}",
	     "1: sed: no key \"sed\"; did you mean \"seed\"?"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT;

		buf_add_str(&text, cases[i].text);
		assert_refused(w, &text, cases[i].why);
		buf_release(&text);
	}
}

/* Cut anywhere, it is refused: the digest's end alone is no report. */
static void
test_prefixes(void **state)
{
	struct world *w = *state;
	struct buf text = BUF_INIT, part;

	assert_int_equal(bundle_write(w->path, &full, &w->err), 0);
	read_all(w, &text);
	/* The last newline is not needed. */
	for (size_t size = 0; size < text.size - 1; size++) {
		part = (struct buf)BUF_INIT;
		buf_add(&part, text.data, size);
		assert_int_equal(file_replace(w->path, &part, &w->err), 0);
		assert_int_equal(bundle_load(w->path, &w->loaded, &w->err),
				 WEIR_USAGE);
		buf_release(&part);
	}
	buf_release(&text);
}

static void
test_system(void **state)
{
	struct world *w = *state;
	char path[128];

	assert_int_equal(bundle_load(w->path, &w->loaded, &w->err),
			 WEIR_SYSTEM);
	assert_int_equal(bundle_load(w->folder, &w->loaded, &w->err),
			 WEIR_SYSTEM);
	/* It does not end. */
	assert_int_equal(bundle_load("/dev/zero", &w->loaded, &w->err),
			 WEIR_SYSTEM);
	snprintf(path, sizeof(path), "%s/none/bug", w->folder);
	assert_int_equal(bundle_write(path, &full, &w->err), WEIR_SYSTEM);
	assert_int_equal(bundle_write("/dev/full", &full, &w->err),
			 WEIR_SYSTEM);
}

/* The largest files that are read elsewhere, all of them escaped. */
static void
test_large(void **state)
{
	struct world *w = *state;
	struct bundle b = full;
	size_t size = 1 << 20;
	char *text = malloc(size + 1);

	memset(text, 0x7f, size);
	text[size] = '\0';
	b.pipeline_text = b.script_text = text;
	assert_round(w, &b);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_round, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_first_member, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_wrong_member, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_missing_member, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_other_files, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_prefixes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_system, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_large, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
