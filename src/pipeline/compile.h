/*
 * From the values of a pipeline file to a struct pipeline, part by part, in
 * the order of the functions below: each relies on those before it. They
 * return 0, or WEIR_PIPELINE with what they allocated left in the pipeline for
 * pipeline_free().
 */
#ifndef WEIR_PIPELINE_COMPILE_H
#define WEIR_PIPELINE_COMPILE_H

#include "pipeline/pipeline.h"
#include "pipeline/reader.h"

#define COMPILE_SECOND_MS       INT64_C(1000)
#define COMPILE_DURATION_MAX_MS (366 * 24 * 3600 * COMPILE_SECOND_MS)

#define COMPILE_LEN(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

int compile_event(const struct reader *r, const struct json_value *event,
		  struct pipeline *p);
int compile_topic(const struct reader *r, const struct json_value *topic,
		  struct pipeline *p);
/* dead_letters: NULL when the file has none. */
int compile_dead_letters(const struct reader *r,
			 const struct json_value *dead_letters,
			 struct pipeline *p);
int compile_tables(const struct reader *r, const struct json_value *tables,
		   struct pipeline *p);
/* panels: NULL when the file has none. */
int compile_panels(const struct reader *r, const struct json_value *panels,
		   struct pipeline *p);
/* alerts, topic: NULL when the file has none. */
int compile_alerts(const struct reader *r, const struct json_value *alerts,
		   struct pipeline *p);
int compile_alerts_topic(const struct reader *r, const struct json_value *topic,
			 struct pipeline *p);
/* After all that names a topic. outputs: NULL when the file has none. */
int compile_outputs(const struct reader *r, const struct json_value *outputs,
		    struct pipeline *p);
int compile_generator(const struct reader *r,
		      const struct json_value *generator, struct pipeline *p);
/* "shape" of it, when its fields are compiled. */
int compile_curve(const struct reader *r, const struct json_value *shape,
		  struct pipeline *p);
/* "faults" of it, when its fields are compiled. */
int compile_faults(const struct reader *r, const struct json_value *faults,
		   struct pipeline *p);

/* The name of a topic; the copy is the caller's. */
int compile_topic_name(const struct reader *r, const struct json_value *value,
		       char **out);
/* The index of the table that is named by the value's text. */
int compile_table_name(const struct reader *r, const struct json_value *value,
		       const struct pipeline *p, int *out);
/* The same of a field of the event, and of a measure of a table. */
int compile_field_name(const struct reader *r, const struct json_value *value,
		       const struct pipeline *p, unsigned *out);
int compile_measure_name(const struct reader *r, const struct json_value *value,
			 const struct table_spec *table, unsigned *out);
/* The same of a field that can be a key, or a part of one. */
int compile_key_field(const struct reader *r, const struct json_value *value,
		      const struct pipeline *p, unsigned *out);

/* A key is compared for being the same: numbers and times are no keys. */
bool compile_is_key(enum field_type type);

/* Whether text is a number as JSON writes it, of any size; a whole one. */
bool compile_is_number(const char *text, bool whole);

/*
 * Copies `len` texts into one block, their bytes behind them; free() it.
 */
struct text *compile_texts(const char *const *texts, unsigned len);

#endif
