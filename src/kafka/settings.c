#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "kafka/rdkafka-door.h"
#include "kafka/settings.h"
#include "pipeline/nearest.h"

#define VALUE_MAX   (1 << 20) /* bytes of a value in a file of its own */
#define NAMES_MAX   512       /* librdkafka 2.0 has 166 */
#define ENVIRONMENT "WEIR_KAFKA_"

static void
release_property(struct kafka_property *property)
{
	free(property->name);
	free(property->value);
}

void
kafka_settings_release(struct kafka_settings *settings)
{
	for (size_t i = 0; i < settings->properties_len; i++)
		release_property(&settings->properties[i]);
	free(settings->properties);
	free(settings->brokers);
	memset(settings, 0, sizeof(*settings));
}

/* ---- One setting ---- */

/* The name that is meant, of those in librdkafka's table of settings. */
static int
unknown_name(const char *name, struct err *err)
{
	const char *names[NAMES_MAX], *near;
	unsigned len = 0;
	char *table = NULL, *rest, *row;
	size_t size;
	FILE *file = open_memstream(&table, &size);

	if (file) {
		rd_kafka_conf_properties_show(file);
		fclose(file);
	}
	/* "name   | C/P | range | default | ..." */
	for (rest = table; rest && (row = strtok_r(rest, "\n", &rest));) {
		size_t letters = strcspn(row, " ");

		if (len < NAMES_MAX && row[letters] && strchr(row, '|')) {
			row[letters] = '\0';
			names[len++] = row;
		}
	}
	near = nearest_name(name, names, len);
	err_set(err, WEIR_USAGE, 0, "librdkafka has no setting \"%s\"%s%s%s",
		name, near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
	free(table);
	return WEIR_USAGE;
}

/* librdkafka's own words would repeat the value, which may be a secret. */
static int
check_property(const char *name, const char *value, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];
	rd_kafka_conf_res_t res;

	res = rd_kafka_conf_set(conf, name, value, why, sizeof(why));
	rd_kafka_conf_destroy(conf);
	if (res == RD_KAFKA_CONF_UNKNOWN)
		return unknown_name(name, err);
	if (res != RD_KAFKA_CONF_OK)
		return err_set(err, WEIR_USAGE, 0,
			       "librdkafka does not take this value for \"%s\"",
			       name);
	return 0;
}

/*
 * The path is not told either: whoever has a password that begins with '@'
 * would read it here.
 */
static int
read_value_file(const char *name, const char *path, char **out, struct err *err)
{
	FILE *file = fopen(path, "re");
	struct buf value = BUF_INIT;
	const char *why = NULL;
	size_t got;

	if (!file)
		return err_set(err, WEIR_USAGE, errno,
			       "cannot read the file given for \"%s\": %s; a "
			       "value that begins with @ is written @@",
			       name, strerror(errno));
	do {
		got = fread(buf_reserve(&value, 4096), 1, 4096, file);
		value.size += got;
	} while (got && value.size <= VALUE_MAX);
	if (ferror(file))
		why = strerror(errno);
	fclose(file);
	buf_add(&value, "", 0);
	if (value.size && value.data[value.size - 1] == '\n') {
		value.size--;
		if (value.size && value.data[value.size - 1] == '\r')
			value.size--;
	}
	value.data[value.size] = '\0';
	if (!why && value.size > VALUE_MAX)
		why = "it is too long";
	if (!why && strlen(value.data) != value.size)
		why = "it is not text";
	if (why)
		err_set(err, WEIR_USAGE, 0,
			"cannot read the file given for \"%s\": %s", name, why);
	else
		*out = xstrdup(value.data);
	buf_release(&value);
	return why ? WEIR_USAGE : 0;
}

static int
read_value(const char *name, const char *text, char **out, struct err *err)
{
	if (text[0] == '@' && text[1] != '@')
		return read_value_file(name, text + 1, out, err);
	*out = xstrdup(text[0] == '@' ? text + 1 : text);
	return 0;
}

void
kafka_settings_brokers(struct kafka_settings *settings,
		       enum kafka_source source, const char *brokers)
{
	if (settings->brokers && source < settings->brokers_source)
		return;
	free(settings->brokers);
	settings->brokers = xstrdup(brokers);
	settings->brokers_source = source;
}

/* Takes both. Behind those of the same source: the last one counts. */
static void
insert(struct kafka_settings *settings, enum kafka_source source, char *name,
       char *value)
{
	size_t at = settings->properties_len;
	struct kafka_property *p =
	    xrealloc(settings->properties, (at + 1) * sizeof(*p));

	for (; at > 0 && p[at - 1].source > source; at--)
		p[at] = p[at - 1];
	p[at].source = source;
	p[at].name = name;
	p[at].value = value;
	settings->properties = p;
	settings->properties_len++;
}

static int
add(struct kafka_settings *settings, enum kafka_source source, const char *name,
    const char *text, struct err *err)
{
	char *value = NULL;
	int rc;

	rc = read_value(name, text, &value, err);
	if (rc)
		return rc;
	rc = check_property(name, value, err);
	if (rc) {
		free(value);
		return rc;
	}
	/* Where the cluster is decides more than a setting: see engine.c. */
	if (strcmp(name, "bootstrap.servers") == 0 ||
	    strcmp(name, "metadata.broker.list") == 0) {
		if (*value)
			kafka_settings_brokers(settings, source, value);
		else
			rc = err_set(err, WEIR_USAGE, 0,
				     "\"%s\" takes HOST:PORT[,...]", name);
		free(value);
		return rc;
	}
	if (strcmp(name, "debug") == 0)
		settings->debug = true;
	insert(settings, source, xstrdup(name), value);
	return 0;
}

int
kafka_settings_add(struct kafka_settings *settings, enum kafka_source source,
		   const char *property, struct err *err)
{
	const char *equals = strchr(property, '=');
	char *name;
	int rc;

	if (!equals || equals == property)
		return err_set(err, WEIR_USAGE, 0,
			       "a librdkafka setting is NAME=VALUE");
	name = xstrndup(property, (size_t)(equals - property));
	rc = add(settings, source, name, equals + 1, err);
	free(name);
	return rc;
}

/* ---- Many ---- */

int
kafka_settings_file(struct kafka_settings *settings, const char *path,
		    struct err *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	unsigned number = 0;
	int rc = 0;

	if (!file)
		return err_errno(err, "cannot read the settings in %s", path);
	while (rc == 0 && getline(&line, &room, file) >= 0) {
		char *at = line + strspn(line, " \t");
		size_t size = strlen(at);
		struct err why;

		number++;
		while (size && strchr(" \t\r\n", at[size - 1]))
			at[--size] = '\0';
		if (size == 0 || at[0] == '#')
			continue;
		if (kafka_settings_add(settings, KAFKA_FILE, at, &why))
			rc = err_set(err, WEIR_USAGE, 0, "%s:%u: %s", path,
				     number, why.text);
	}
	if (rc == 0 && ferror(file))
		rc = err_errno(err, "cannot read the settings in %s", path);
	free(line);
	fclose(file);
	return rc;
}

/* SASL_PASSWORD is sasl.password, A__B is a_b. */
static char *
name_of_variable(const char *variable, size_t size)
{
	char *name = xstrndup(variable, size), *to = name;

	for (const char *at = name; *at; at++) {
		if (at[0] != '_')
			*to++ = (char)tolower((unsigned char)*at);
		else if (at[1] != '_')
			*to++ = '.';
		else
			*to++ = *at++;
	}
	*to = '\0';
	return name;
}

static void
leave_out(struct kafka_settings *settings, enum kafka_source source)
{
	size_t kept = 0;

	for (size_t i = 0; i < settings->properties_len; i++) {
		struct kafka_property *p = &settings->properties[i];

		if (p->source == source)
			release_property(p);
		else
			settings->properties[kept++] = *p;
	}
	settings->properties_len = kept;
}

int
kafka_settings_environment(struct kafka_settings *settings,
			   char *const *environment, struct err *err)
{
	const size_t prefix = strlen(ENVIRONMENT);

	for (; *environment; environment++) {
		const char *variable = *environment;
		const char *equals = strchr(variable, '=');
		struct err why;
		char *name;
		int rc;

		if (!equals || strncmp(variable, ENVIRONMENT, prefix) != 0)
			continue;
		name = name_of_variable(variable + prefix,
					(size_t)(equals - variable) - prefix);
		rc = add(settings, KAFKA_ENVIRONMENT, name, equals + 1, &why);
		free(name);
		if (rc)
			return err_set(
			    err, WEIR_USAGE, 0, "%.*s in the environment: %s",
			    (int)(equals - variable), variable, why.text);
	}
	if (!settings->brokers)
		leave_out(settings, KAFKA_ENVIRONMENT);
	return 0;
}
