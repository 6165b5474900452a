/*
 * The command line: what `weir --help` says, as a struct. Only parsing; what it
 * means is main.c's.
 */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "engine.h"
#include "kafka/client.h"
#include "snapshot/export.h"
#include "snapshot/snapshot.h"

enum command {
	COMMAND_RUN,
	COMMAND_VIEW,
	COMMAND_GENERATE,
	COMMAND_CHECK,
	COMMAND_REPORT,
	COMMAND_SNAPSHOT,
	COMMAND_EXPORT,
	COMMAND_ALERTS,
	COMMAND_REPLAY,
	COMMAND_HELP,
	COMMAND_VERSION,
};

struct options {
	enum command command;
	const char *operand; /* PIPELINE or STORE; NULL: none given */
	const char **stores; /* view and report: all of them; snapshot: STORE
				FILE; export: STORE TABLE; alerts: PIPELINE
				STORE */
	unsigned stores_len;
	struct kafka_settings kafka; /* brokers NULL: embedded */
	const char *topic;
	double per_s; /* -1: the pipeline's */
	uint64_t events;
	int64_t duration_ms;
	bool seeded;
	uint64_t seed;
	bool no_generate;
	unsigned generators;
	double bad_share; /* -1: the pipeline's */
	const char *store;
	bool fresh;
	struct engine_from from; /* released with the options */
	const char *group;
	const char *dead_letters;
	const char *alerts_topic; /* NULL: the pipeline's */
	const char *on_alert;
	bool notify;
	bool test;
	const char *snapshot; /* a file; NULL: none */
	int64_t snapshot_every_ms;
	struct snapshot_options snapshots;
	enum export_format format;
	bool headless;
	const char *script, *record, *bundle; /* files; NULL: none */
	bool record_keys;
	bool realtime;
	int asciicast;  /* the version: 2 or 3 */
	int cols, rows; /* of the screen without a terminal */
	bool to_stdout;
	const char *theme, *glyphs; /* values of settings.h; NULL: not said */
	bool mouse;
	bool no_bell;
	bool notify_terminal;
	int64_t memory_bytes;
};

/*
 * argv stays borrowed; values of -X that may be secrets are overwritten in it.
 * Settings of Kafka come from the environment, too. WEIR_USAGE with a sentence;
 * options_release() in any case.
 */
int options_parse(int argc, char **argv, struct options *options,
		  struct err *err);
void options_release(struct options *options);

/* Whether it is drawn without a terminal, for a script or a recording. */
bool options_staged(const struct options *options);

/* What --help prints. Static. */
const char *options_help(void);

#endif
