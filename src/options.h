/*
 * The command line: what `weir --help` says, as a struct. Only parsing; what it
 * means is main.c's.
 */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kafka/client.h"

enum command {
	COMMAND_RUN,
	COMMAND_VIEW,
	COMMAND_GENERATE,
	COMMAND_CHECK,
	COMMAND_REPORT,
	COMMAND_HELP,
	COMMAND_VERSION,
};

struct options {
	enum command command;
	const char *operand;         /* PIPELINE or STORE; NULL: none given */
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
	bool from_end;
	bool headless;
	bool to_stdout;
	bool ascii;
	int64_t memory_bytes;
};

/*
 * argv stays borrowed. WEIR_USAGE with a sentence; options_release() in any
 * case.
 */
int options_parse(int argc, char **argv, struct options *options,
		  struct err *err);
void options_release(struct options *options);

/* What --help prints. Static. */
const char *options_help(void);

#endif
