/*
 * HyperLogLog: how many different values there are, roughly, from a fixed
 * number of bytes.
 *
 * A value's hash chooses one of 2^14 registers with its first 14 bits; the
 * register keeps the largest rank, the number of zeros that follow plus 1. So a
 * value counts once however often it comes, and the registers of two sets make
 * those of both together: the larger one of each.
 *
 * Dense, one byte a register; the estimate is the improved raw estimator of
 * O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
 * (2017), algorithm 6. It has no bias at either end of the range, and so needs
 * no table of corrections and no switch to another method.
 */
#ifndef WEIR_AGGREGATE_HYPERLOGLOG_H
#define WEIR_AGGREGATE_HYPERLOGLOG_H

#include <stdint.h>

#define HYPERLOGLOG_BITS      14
#define HYPERLOGLOG_REGISTERS (1 << HYPERLOGLOG_BITS)
#define HYPERLOGLOG_RANK_MAX  (64 - HYPERLOGLOG_BITS + 1)

/* One standard deviation, as a part of the number: 1.04 / sqrt(registers). */
#define HYPERLOGLOG_ERROR 0.008125

/* Of a value with this hash64(): its register, and in *rank 1 to RANK_MAX. */
unsigned hyperloglog_register(uint64_t hash, unsigned char *rank);

/*
 * How many different values made these registers; 0: none. Does not shrink when
 * one grows. -1 when one is larger than RANK_MAX: no value makes such.
 */
int64_t
hyperloglog_estimate(const unsigned char registers[HYPERLOGLOG_REGISTERS]);

#endif
