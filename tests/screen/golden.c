#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"

void
golden_compare(const char *name, const struct buf *text)
{
	const char *srcdir = getenv("srcdir");
	struct buf golden = BUF_INIT;
	char path[512], part[4096];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/screen/golden/%s.txt",
		 srcdir ? srcdir : ".", name);
	if (getenv("UPDATE_GOLDEN")) {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(text->data, 1, text->size, file),
				 text->size);
		assert_int_equal(fclose(file), 0);
		return;
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is missing; UPDATE_GOLDEN=1 writes it", path);
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(&golden, part, n);
	fclose(file);
	if (golden.size != text->size ||
	    memcmp(golden.data, text->data, text->size) != 0)
		fail_msg("%s differs; drawn is:\n%.*s", path, (int)text->size,
			 text->data);
	buf_release(&golden);
}
