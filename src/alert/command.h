/*
 * A command that is run for each notice: a target of delivery.
 *
 * Without a shell: the words of the command, split at spaces, are the program
 * and its arguments as they stand. What is foreign comes in the environment,
 * as WEIR_ALERT_... (docs/alerts.md), where it is text and nothing else. Its
 * input and output are /dev/null; settings of Kafka, which may be secrets, are
 * not in its environment. It is killed, with all it has started, after
 * COMMAND_MS.
 */
#ifndef WEIR_ALERT_COMMAND_H
#define WEIR_ALERT_COMMAND_H

#include "alert/deliver.h"

#define COMMAND_MS 10000

/* WEIR_USAGE when there is no word in it. */
int command_target(const char *command, struct delivery_target *out,
		   struct err *err);

#endif
