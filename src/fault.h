/*
 * What can be made to go wrong on the embedded broker, on purpose.
 * docs/faults.md says what each does and what of it is to be seen;
 * kafka/faults.h does it.
 */
#ifndef WEIR_FAULT_H
#define WEIR_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_SLOW_MS 500 /* more for each answer */

enum fault {
	FAULT_SLOW,      /* each answer takes FAULT_SLOW_MS longer */
	FAULT_DOWN,      /* the broker closes all connections, takes none */
	FAULT_READS,     /* each fetch is answered with an error */
	FAULT_NO_LEADER, /* partitions have none: writes, reads are refused */
	FAULTS,
};

struct fault_state {
	bool wanted;
	bool on;          /* in force; if not as wanted, soon */
	int64_t since_ms; /* clock time of the last change; 0: there was none */
};

#endif
