/* Recordings: what is in their files. */
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cast.h"
#include "keys.h"

#define THEME                                                                  \
	"\"theme\": {\"fg\": \"#d0d0d0\", \"bg\": \"#161616\", \"palette\": "  \
	"\"#000000:#cd0000:#00cd00:#cdcd00:#0000ee:#cd00cd:#00cdcd:#e5e5e5:"   \
	"#7f7f7f:#ff0000:#00ff00:#ffff00:#5c5cff:#ff00ff:#00ffff:#ffffff\"}"
#define V2    "{\"version\": 2, \"width\": 10, \"height\": 2, " THEME
#define V3    "{\"version\": 3, \"term\": {\"cols\": 10, \"rows\": 2, " THEME "}"
#define FIRST "\\u001b[?25l\\u001b[m\\u001b[2J"
#define LAST  "\\u001b[m\\u001b[2;10H\\u001b[?25h"

static char folder[] = "/tmp/weir-test-XXXXXX";
static char path[64];
static struct canvas canvas;

static struct cast *
open_cast(const struct cast_options *options)
{
	struct cast *cast = NULL;
	struct err err;

	assert_int_equal(cast_open(path, options, &cast, &err), 0);
	canvas_resize(&canvas, options->rows, options->cols);
	return cast;
}

static struct cast_options
options_of(int version)
{
	return (struct cast_options){.version = version,
				     .cols = 10,
				     .rows = 2,
				     .theme = THEME_DARK,
				     .colour = true};
}

static void
draw(int row, int col, enum style style, const char *text)
{
	struct area all = canvas_all(&canvas);

	canvas_puts(&canvas, &all, row, col, style, text);
}

static void
read_file(struct buf *out)
{
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t size;

	assert_non_null(file);
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_add(out, bytes, size);
	fclose(file);
}

static void
assert_file(const char *expected)
{
	struct buf got = BUF_INIT;

	read_file(&got);
	assert_string_equal(got.data, expected);
	assert_int_equal(got.size, strlen(expected));
	buf_release(&got);
}

static void
close_cast(struct cast *cast, int64_t at_us)
{
	struct err err;

	assert_int_equal(cast_close(cast, at_us, &err), 0);
}

static void
test_frames(void **state)
{
	struct cast_options options = options_of(2);
	struct cast *cast;

	(void)state;
	options.title = "a \"title\"\n";
	options.timestamp_s = 1735689600;
	cast = open_cast(&options);
	draw(0, 0, STYLE_GOOD, "ok");
	cast_frame(cast, &canvas, 0);
	/* Nothing differs. */
	cast_frame(cast, &canvas, 500000);
	draw(1, 9, STYLE_NORMAL, "x");
	cast_frame(cast, &canvas, 1000001);
	cast_mark(cast, "he said \"\033[2J\"", 61000000);
	cast_mark(cast, "", 61000000);
	/* Time never goes back. */
	draw(1, 9, STYLE_NORMAL, "y");
	cast_frame(cast, &canvas, 60000000);
	close_cast(cast, 3600000000);
	assert_file(V2 ", \"timestamp\": 1735689600, "
		       "\"title\": \"a \\\"title\\\"\\n\"}\n"
		       "[0.000000, \"o\", \"" FIRST "\\u001b[H"
		       "\\u001b[38;2;95;215;95mok\\u001b[m\"]\n"
		       "[1.000001, \"o\", \"\\u001b[2;10Hx\\u000d\"]\n"
		       "[61.000000, \"m\", \"he said \\\"\\u001b[2J\\\"\"]\n"
		       "[61.000000, \"m\", \"\"]\n"
		       "[61.000000, \"o\", \"\\u001b[2;10Hy\\u000d\"]\n"
		       "[3600.000000, \"o\", \"" LAST "\"]\n");
}

/* Version 3 has the time since the last event. */
static void
test_intervals(void **state)
{
	struct cast_options options = options_of(3);
	struct cast *cast;

	(void)state;
	cast = open_cast(&options);
	cast_frame(cast, &canvas, 250000);
	cast_frame(cast, &canvas, 500000);
	cast_mark(cast, "here", 750000);
	draw(0, 0, STYLE_NORMAL, "x");
	cast_frame(cast, &canvas, 750007);
	cast_frame(cast, &canvas, 1000000);
	close_cast(cast, 2000000);
	assert_file(V3 "}\n"
		       "[0.250000, \"o\", \"" FIRST "\"]\n"
		       "[0.500000, \"m\", \"here\"]\n"
		       "[0.000007, \"o\", \"\\u001b[Hx\"]\n"
		       "[1.249993, \"o\", \"" LAST "\"]\n");
}

static void
test_sizes(void **state)
{
	struct cast_options options = options_of(2);
	struct cast *cast;

	(void)state;
	cast = open_cast(&options);
	cast_frame(cast, &canvas, 0);
	canvas_resize(&canvas, 3, 20);
	draw(2, 19, STYLE_NORMAL, "x");
	cast_frame(cast, &canvas, 1000000);
	cast_frame(cast, &canvas, 2000000);
	/* Another theme needs all of it anew, the same one nothing. */
	cast_set_theme(cast, THEME_DARK);
	cast_frame(cast, &canvas, 3000000);
	cast_set_theme(cast, THEME_MONO);
	cast_frame(cast, &canvas, 4000000);
	close_cast(cast, 4000000);
	assert_file(V2 "}\n"
		       "[0.000000, \"o\", \"" FIRST "\"]\n"
		       "[1.000000, \"r\", \"20x3\"]\n"
		       "[1.000000, \"o\", \"" FIRST "\\u001b[3;20Hx\\u000d\"]\n"
		       "[4.000000, \"o\", \"" FIRST "\\u001b[3;20Hx\\u000d\"]\n"
		       "[4.000000, \"o\", \"\\u001b[m\\u001b[3;20H"
		       "\\u001b[?25h\"]\n");
	/* The first canvas may be of another size than was said. */
	cast = open_cast(&options);
	canvas_resize(&canvas, 1, 1);
	cast_frame(cast, &canvas, 0);
	close_cast(cast, 0);
	assert_file(V2 "}\n"
		       "[0.000000, \"r\", \"1x1\"]\n"
		       "[0.000000, \"o\", \"" FIRST "\"]\n"
		       "[0.000000, \"o\", \"\\u001b[m\\u001b[1;1H"
		       "\\u001b[?25h\"]\n");
}

static void
test_keys(void **state)
{
	static const struct {
		uint32_t key;
		const char *json;
	} cases[] = {
	    {'q', "q"},
	    {'"', "\\\""},
	    {0xe9, "é"},
	    {0x1f600, "😀"},
	    {KEYS_INTERRUPT, "\\u0003"},
	    {KEYS_TAB, "\\t"},
	    {KEYS_ENTER, "\\u000d"},
	    {KEYS_ESC, "\\u001b"},
	    {KEYS_BACKSPACE, "\\u007f"},
	    {KEYS_UP, "\\u001b[A"},
	    {KEYS_DOWN, "\\u001b[B"},
	    {KEYS_RIGHT, "\\u001b[C"},
	    {KEYS_LEFT, "\\u001b[D"},
	    {KEYS_HOME, "\\u001b[H"},
	    {KEYS_END, "\\u001b[F"},
	    {KEYS_PAGE_UP, "\\u001b[5~"},
	    {KEYS_PAGE_DOWN, "\\u001b[6~"},
	    {KEYS_BACKTAB, "\\u001b[Z"},
	    {KEYS_DELETE, "\\u001b[3~"},
	    {KEYS_F1, "\\u001bOP"},
	    {KEYS_F2, "\\u001bOQ"},
	    {KEYS_F3, "\\u001bOR"},
	    {KEYS_F4, "\\u001bOS"},
	    {KEYS_F5, "\\u001b[15~"},
	    {KEYS_F6, "\\u001b[17~"},
	};
	struct cast_options options = options_of(2);
	struct buf expected = BUF_INIT;
	struct cast *cast;

	(void)state;
	cast = open_cast(&options);
	cast_key(cast, 'q', 0);
	close_cast(cast, 0);
	assert_file(V2 "}\n");

	options.keys = true;
	cast = open_cast(&options);
	buf_add_str(&expected, V2 "}\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cast_key(cast, cases[i].key, 1500000);
		buf_addf(&expected, "[1.500000, \"i\", \"%s\"]\n",
			 cases[i].json);
	}
	cast_key(cast, KEYS_MOUSE_EVENT, 1500000);
	cast_key(cast, KEYS_NONE, 1500000);
	close_cast(cast, 1500000);
	assert_file(expected.data);
	buf_release(&expected);
}

/* Labels may be anything. */
static void
test_labels(void **state)
{
	struct cast_options options = options_of(2);
	struct cast *cast;
	char all[32 + 1];

	(void)state;
	for (int i = 0; i < 31; i++)
		all[i] = (char)(i + 1);
	all[31] = '\x7f';
	all[32] = '\0';
	cast = open_cast(&options);
	cast_mark(cast, all, 1500000);
	cast_mark(cast, "\xff\xc2\x9b\xe2\x82", 1500000);
	close_cast(cast, 0);
	assert_file(
	    V2 "}\n"
	       "[1.500000, \"m\", \"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006"
	       "\\u0007\\u0008\\t\\n\\u000b\\u000c\\u000d\\u000e\\u000f\\u0010"
	       "\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019"
	       "\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f\\u007f\"]\n"
	       "[1.500000, \"m\", \"�\\u009b��\"]\n");
}

/* What was shown is in the file before the recording ends. */
static void
test_killed(void **state)
{
	struct cast_options options = options_of(2);
	struct cast *cast = open_cast(&options);

	(void)state;
	cast_frame(cast, &canvas, 0);
	assert_file(V2 "}\n"
		       "[0.000000, \"o\", \"" FIRST "\"]\n");
	close_cast(cast, 0);
}

static void
test_digest(void **state)
{
	struct cast_options options = options_of(3);
	struct buf first = BUF_INIT, second = BUF_INIT;
	char digests[3][33];
	struct cast *cast;

	(void)state;
	for (int i = 0; i < 3; i++) {
		cast = open_cast(&options);
		draw(0, 0, STYLE_NORMAL, i < 2 ? "same" : "other");
		cast_frame(cast, &canvas, 0);
		cast_digest(cast, digests[i]);
		close_cast(cast, 0);
		if (i < 2)
			read_file(i == 0 ? &first : &second);
	}
	assert_string_equal(first.data, second.data);
	assert_string_equal(digests[0], digests[1]);
	assert_string_not_equal(digests[0], digests[2]);
	/* What xxh128sum says of a file with the header alone. */
	cast = open_cast(&options);
	cast_digest(cast, digests[0]);
	assert_string_equal(digests[0], "0594b80416c869a5cfb451d426a9f124");
	close_cast(cast, 0);
	buf_release(&first);
	buf_release(&second);
}

static void
test_full_disk(void **state)
{
	struct cast_options options = options_of(2);
	struct cast *cast;
	struct err err;

	(void)state;
	assert_int_equal(cast_open("/dev/full", &options, &cast, &err), 0);
	cast_frame(cast, &canvas, 0);
	assert_int_equal(cast_close(cast, 0, &err), WEIR_SYSTEM);
	assert_string_equal(err.text,
			    "the recording /dev/full is not whole, because its "
			    "file cannot be written: No space left on device");
	assert_int_equal(cast_open("/nowhere/at/all", &options, &cast, &err),
			 WEIR_SYSTEM);
	assert_string_equal(err.text, "cannot write the recording "
				      "/nowhere/at/all: No such file or "
				      "directory");
}

/* A line for which there is no more room leaves the lines before it. */
static void
test_no_more_room(void **state)
{
	struct cast_options options = options_of(2);
	struct rlimit before, limit;
	struct cast *cast;
	struct err err;

	(void)state;
	cast = open_cast(&options);
	cast_mark(cast, "before", 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = strlen(V2) + 40;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cast_mark(cast, "a label that does not fit", 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	/* There is room again, but something is missing. */
	cast_mark(cast, "after", 0);
	assert_int_equal(cast_close(cast, 0, &err), WEIR_SYSTEM);
	assert_file(V2 "}\n"
		       "[0.000000, \"m\", \"before\"]\n");
}

static int
set_up(void **state)
{
	(void)state;
	canvas_init(&canvas, false);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/cast", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	canvas_release(&canvas);
	unlink(path);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_intervals),
	    cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_labels),
	    cmocka_unit_test(test_killed),
	    cmocka_unit_test(test_digest),
	    cmocka_unit_test(test_full_disk),
	    cmocka_unit_test(test_no_more_room),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
