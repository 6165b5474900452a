/*
 * The columns that the rows of a pipeline's table have outside of weir: in the
 * current tables of snapshot files, and in exports.
 *
 *   [window_start_ms,] the fields of the key, the measures,
 *   first_partition, first_offset, last_partition, last_offset
 *
 * Key columns are named as the fields, measures as the measures. SQL does not
 * tell upper from lower case, so a name that is taken already gets "_2" behind
 * it, or "_3", and so on.
 */
#ifndef WEIR_SNAPSHOT_COLUMNS_H
#define WEIR_SNAPSHOT_COLUMNS_H

#include <stdbool.h>

#include "pipeline/pipeline.h"
#include "store/store.h"

#define COLUMN_NAME_MAX (4 * PIPELINE_NAME_MAX + 64)
#define COLUMNS_MAX     (1 + PIPELINE_BY_MAX + PIPELINE_MEASURES_MAX + 4)

enum column_type { COLUMN_TEXT, COLUMN_INTEGER, COLUMN_REAL, COLUMN_BOOLEAN };

struct column {
	char name[COLUMN_NAME_MAX];
	enum column_type type;
	bool optional; /* a part of the key that may be missing */
};

struct columns {
	struct column all[COLUMNS_MAX];
	unsigned len;
	unsigned key_len; /* so many at the beginning tell rows apart */
};

/* What stands in a column of a row. */
struct cell {
	enum { CELL_NONE, CELL_TEXT, CELL_INT, CELL_REAL, CELL_BOOL } kind;
	union {
		struct text text; /* borrowed */
		int64_t i;
		double d;
	};
};

void columns_init(struct columns *columns, const struct pipeline *p,
		  const struct table_spec *table);

/* cells has room for columns->len; they borrow the row's texts. */
void columns_cells(const struct pipeline *p, const struct table_spec *table,
		   const struct store_row *row, struct cell *cells);

/* "TEXT", "INTEGER": what the column is declared as. Static. */
const char *column_type_name(enum column_type type);

/*
 * `name` into `to`, with "_2" behind it when one of taken(ctx, ...) says that
 * it is in use, and so on.
 */
void column_unique(char to[COLUMN_NAME_MAX], const char *name,
		   bool (*taken)(const void *ctx, const char *name),
		   const void *ctx);

#endif
