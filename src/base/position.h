/* Where an event stands: in a store's entry of a partition, at an offset. */
#ifndef WEIR_BASE_POSITION_H
#define WEIR_BASE_POSITION_H

#include <stdint.h>

struct position {
	int32_t partition; /* the index of the entry (store.h) */
	int64_t offset;    /* -1: there is none */
};

#endif
