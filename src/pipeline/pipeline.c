#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/pipeline.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "pipeline/compile.h"
#include "pipeline/nearest.h"
#include "pipeline/reader.h"

#define LISTED_MAX 64 /* pipelines that are named when none is found */

int
pipeline_field(const struct pipeline *p, const char *name)
{
	for (unsigned i = 0; i < p->event.fields_len; i++) {
		if (!strcmp(p->event.fields[i].name, name))
			return (int)i;
	}
	return -1;
}

int
pipeline_table(const struct pipeline *p, const char *name)
{
	for (unsigned i = 0; i < p->tables_len; i++) {
		if (!strcmp(p->tables[i].name, name))
			return (int)i;
	}
	return -1;
}

/* ---- The fingerprint ---- */

static int
compare_texts(const void *left, const void *right)
{
	const struct text *a = left, *b = right;
	size_t size = a->size < b->size ? a->size : b->size;
	int order = memcmp(a->data, b->data, size);

	if (order)
		return order;
	return a->size < b->size ? -1 : a->size > b->size;
}

/* Their order means nothing. */
static void
describe_values(struct json_node *node, const char *key,
		const struct text *values, unsigned len)
{
	struct json_node *list = json_add_array(node, key);
	struct text *sorted = xmalloc(len * sizeof(*sorted));

	memcpy(sorted, values, len * sizeof(*sorted));
	qsort(sorted, len, sizeof(*sorted), compare_texts);
	for (unsigned i = 0; i < len; i++)
		json_add_text(list, NULL, sorted[i].data, sorted[i].size);
	free(sorted);
}

static void
describe_field(struct json_node *fields, const struct field *field)
{
	struct json_node *node = json_add_object(fields, NULL), *list;

	json_add_string(node, "name", field->name);
	list = json_add_array(node, "path");
	for (unsigned i = 0; i < field->path_len; i++)
		json_add_string(list, NULL, field->path[i]);
	json_add_string(node, "type", field_type_name(field->type));
	json_add_bool(node, "optional", field->optional);
	if (field->type == FIELD_TIME)
		json_add_int(node, "unit", field->unit);
	if (field->type == FIELD_STRING)
		json_add_int(node, "max_length", field->max_length);
	if (field->one_of)
		describe_values(node, "one_of", field->one_of,
				field->one_of_len);
	if (field->none_of)
		describe_values(node, "none_of", field->none_of,
				field->none_of_len);
	if (field->has_min)
		json_add_double(node, "min", field->min);
	if (field->has_max)
		json_add_double(node, "max", field->max);
}

static void
describe_table(struct json_node *tables, const struct pipeline *p,
	       const struct table_spec *table)
{
	struct json_node *node = json_add_object(tables, NULL), *list;

	json_add_string(node, "name", table->name);
	list = json_add_array(node, "by");
	for (unsigned i = 0; i < table->by_len; i++)
		json_add_string(list, NULL, p->event.fields[table->by[i]].name);
	list = json_add_array(node, "measures");
	for (unsigned i = 0; i < table->measures_len; i++) {
		const struct measure *measure = &table->measures[i];
		struct json_node *item = json_add_object(list, NULL);

		json_add_string(item, "name", measure->name);
		json_add_string(item, "kind", measure_kind_name(measure->kind));
		if (measure->field >= 0)
			json_add_string(item, "field",
					p->event.fields[measure->field].name);
		if (measure->approximate)
			json_add_bool(item, "approximate", true);
	}
	json_add_int(node, "rank", table->rank);
	json_add_int(node, "window_ms", table->window_ms);
	if (table->advance_ms != table->window_ms)
		json_add_int(node, "advance_ms", table->advance_ms);
	json_add_int(node, "keep_ms", table->keep_ms);
	json_add_int(node, "lateness_ms", table->lateness_ms);
}

/* Of defaults filled in, so that writing one out changes nothing. */
static uint64_t
fingerprint(const struct pipeline *p)
{
	struct json_node *root = json_new_object(), *list;
	uint64_t hash;
	char *text;

	json_add_string(root, "time",
			p->event.fields[p->event.time_field].name);
	json_add_int(root, "max_bytes", p->event.max_bytes);
	json_add_int(root, "future_ms", p->event.future_ms);
	list = json_add_array(root, "fields");
	for (unsigned i = 0; i < p->event.fields_len; i++)
		describe_field(list, &p->event.fields[i]);
	list = json_add_array(root, "tables");
	for (unsigned i = 0; i < p->tables_len; i++)
		describe_table(list, p, &p->tables[i]);
	text = json_text(root, false);
	hash = hash64(text, strlen(text));
	free(text);
	json_node_free(root);
	return hash;
}

/* ---- Parsing ---- */

static int
compile(const struct reader *r, const struct json_value *root,
	struct pipeline *p)
{
	/* "$schema" tells editors where the JSON Schema is. */
	static const struct reader_key keys[] = {
	    {"name", true},     {"topic", true},
	    {"event", true},    {"tables", true},
	    {"panels", false},  {"generator", false},
	    {"$schema", false}, {"dead_letters", false},
	    {"alerts", false},  {"alerts_topic", false},
	    {"outputs", false},
	};
	const struct json_value *value;
	const char *name;
	int code;

	code = reader_object(r, root, READER_KEYS(keys));
	if (!code)
		code = reader_string(r, json_get(root, "name"), &name);
	if (!code)
		code = reader_name(r, json_get(root, "name"), name, p->name,
				   sizeof(p->name));
	if (!code)
		code = compile_event(r, json_get(root, "event"), p);
	if (!code)
		code = compile_topic(r, json_get(root, "topic"), p);
	if (!code)
		code =
		    compile_dead_letters(r, json_get(root, "dead_letters"), p);
	if (!code)
		code = compile_tables(r, json_get(root, "tables"), p);
	if (!code)
		code = compile_panels(r, json_get(root, "panels"), p);
	if (!code)
		code = compile_alerts(r, json_get(root, "alerts"), p);
	if (!code)
		code =
		    compile_alerts_topic(r, json_get(root, "alerts_topic"), p);
	if (!code)
		code = compile_outputs(r, json_get(root, "outputs"), p);
	value = json_get(root, "$schema");
	if (!code && value)
		code = reader_string(r, value, &name);
	value = json_get(root, "generator");
	if (!code && value)
		code = compile_generator(r, value, p);
	if (!code)
		p->fingerprint = fingerprint(p);
	return code;
}

int
pipeline_parse(const char *text, size_t size, const char *file,
	       struct pipeline **out, struct err *err)
{
	struct reader r = {file, err};
	struct pipeline *p;
	struct json *json;
	int code;

	if (size > PIPELINE_FILE_MAX)
		return err_set(err, WEIR_PIPELINE, 0,
			       "%s: a pipeline file may have %d bytes; this "
			       "one has %zu",
			       file, PIPELINE_FILE_MAX, size);
	code = json_parse(text, size, file, &json, err);
	if (code)
		return code;
	p = xcalloc(1, sizeof(*p));
	p->file = xstrdup(file);
	p->text = xstrndup(text, size);
	code = compile(&r, json_root(json), p);
	json_free(json);
	if (code) {
		pipeline_free(p);
		return code;
	}
	*out = p;
	return 0;
}

void
pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < PIPELINE_FIELDS_MAX; i++) {
		struct field *field = &p->event.fields[i];
		struct gen_field *gen = &p->generator.fields[i];

		for (unsigned j = 0; j < field->path_len; j++)
			free(field->path[j]);
		free(field->one_of);
		free(field->none_of);
		free(gen->prefix);
		free(gen->suffix);
		free(gen->values);
		free(gen->weights);
	}
	for (unsigned i = 0; i < p->generator.faults_len; i++)
		free(p->generator.faults[i].value);
	for (unsigned i = 0; i < p->alerts_len; i++)
		free(p->alerts[i].message);
	for (unsigned i = 0; i < p->outputs_len; i++)
		free(p->outputs[i].topic);
	free(p->topic);
	free(p->dead_letters);
	free(p->alerts_topic);
	free(p->text);
	free(p->file);
	free(p);
}

/* ---- Files ---- */

static int
read_file(const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	int fd, code = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		if (errno == ENOENT)
			return err_set(err, WEIR_NOT_FOUND, ENOENT,
				       "no file %s", path);
		return err_errno(err, "cannot open %s", path);
	}
	if (fstat(fd, &st)) {
		code = err_errno(err, "cannot read %s", path);
		goto done;
	}
	if (!S_ISREG(st.st_mode)) {
		code = err_set(err, WEIR_PIPELINE, 0, "%s is not a file", path);
		goto done;
	}
	/* One byte more than allowed, so that pipeline_parse() refuses it. */
	while (out->size <= PIPELINE_FILE_MAX) {
		char *to = buf_reserve(out, 65536);
		ssize_t got = read(fd, to, 65536);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			code = err_errno(err, "cannot read %s", path);
			goto done;
		}
		if (got == 0)
			break;
		out->size += (size_t)got;
	}
	if (out->size > PIPELINE_FILE_MAX)
		code = err_set(err, WEIR_PIPELINE, 0,
			       "%s: a pipeline file may have %d bytes; this "
			       "one has more",
			       path, PIPELINE_FILE_MAX);
done:
	close(fd);
	return code;
}

static int
load_file(const char *path, struct pipeline **out, struct err *err)
{
	struct buf text = BUF_INIT;
	int code = read_file(path, &text, err);

	if (!code)
		code = pipeline_parse(text.data, text.size, path, out, err);
	buf_release(&text);
	return code;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t text_size = strlen(text), end_size = strlen(end);

	return text_size >= end_size &&
	       !strcmp(text + text_size - end_size, end);
}

static int
compare_names(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

/* Adds what of NAME.json there is in dir and not yet among names. */
static unsigned
list_dir(const char *path, char **names, unsigned len)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return len;
	while (len < LISTED_MAX && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		size_t size;
		unsigned i = 0;

		/* x.schema.json says what an x.json looks like. */
		if (!ends_with(name, ".json") || *name == '.' ||
		    ends_with(name, ".schema.json"))
			continue;
		size = strlen(name) - strlen(".json");
		while (i < len && (strlen(names[i]) != size ||
				   memcmp(names[i], name, size)))
			i++;
		if (i == len)
			names[len++] = xstrndup(name, size);
	}
	closedir(dir);
	return len;
}

static int
not_found(const char *name, const char *const *dirs, struct err *err)
{
	struct buf text = BUF_INIT;
	char *names[LISTED_MAX];
	const char *sorted[LISTED_MAX], *near;
	unsigned len = 0;

	for (unsigned i = 0; dirs[i]; i++)
		len = list_dir(dirs[i], names, len);
	for (unsigned i = 0; i < len; i++)
		sorted[i] = names[i];
	qsort(sorted, len, sizeof(sorted[0]), compare_names);

	buf_add_str(&text, "no pipeline ");
	json_quote(&text, name, strnlen(name, PIPELINE_NAME_MAX));
	for (unsigned i = 0; dirs[i]; i++)
		buf_addf(&text, "%s%s", i ? ", " : " in ", dirs[i]);
	for (unsigned i = 0; i < len; i++)
		buf_addf(&text, "%s%s", i ? ", " : "; there is ", sorted[i]);
	if (len == 0)
		buf_add_str(&text, "; there is none");
	near = nearest_name(name, sorted, len);
	if (near)
		buf_addf(&text, "; did you mean %s?", near);
	err_set(err, WEIR_NOT_FOUND, 0, "%s", text.data);
	buf_release(&text);
	for (unsigned i = 0; i < len; i++)
		free(names[i]);
	return WEIR_NOT_FOUND;
}

int
pipeline_load(const char *name, const char *const *dirs, struct pipeline **out,
	      struct err *err)
{
	if (strchr(name, '/') || ends_with(name, ".json"))
		return load_file(name, out, err);
	for (unsigned i = 0; dirs[i]; i++) {
		struct buf path = BUF_INIT;
		int code = WEIR_NOT_FOUND;

		buf_addf(&path, "%s/%s.json", dirs[i], name);
		if (!access(path.data, F_OK))
			code = load_file(path.data, out, err);
		buf_release(&path);
		if (code != WEIR_NOT_FOUND)
			return code;
	}
	return not_found(name, dirs, err);
}
