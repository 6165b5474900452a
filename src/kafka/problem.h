/*
 * What librdkafka reports about connections, as one sentence that says what to
 * do. Pure: texts in, a text out.
 *
 * The wordings it looks for are those of librdkafka 2.0.2 and OpenSSL 3.0. One
 * that it does not know is passed on, shortened.
 */
#ifndef WEIR_KAFKA_PROBLEM_H
#define WEIR_KAFKA_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#define PROBLEM_TEXT_MAX 512

struct problem {
	/*
	 * Before the first answer: how long it makes sense to wait for its end.
	 * 0: it does not end by itself, as a wrong password.
	 */
	int patience_ms;
	char text[PROBLEM_TEXT_MAX];
};

/*
 * A code and reason as librdkafka gives them to an error callback. False, and
 * *problem as it was, when the reason names no broker.
 */
bool problem_explain(int code, const char *reason, struct problem *problem);

/*
 * OpenSSL's errors without what nobody can read: of "x failed:
 * error:05800074:x509 certificate routines::key values mismatch" remains
 * "x failed: key values mismatch". Others are copied.
 */
void problem_shorten(const char *reason, char *to, size_t size);

#endif
