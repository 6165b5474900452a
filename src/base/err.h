/*
 * Errors: one idiom for the whole program.
 *
 * A function that can fail returns 0 or a negative enum weir_err and has a
 * struct err * as its last parameter. The struct is of fixed size, belongs to
 * the caller, is untouched on success, and on failure holds one whole sentence
 * that says what went wrong and, where something can be done, what to do.
 *
 * Modules report; only main.c prints or exits.
 */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

enum weir_err {
	WEIR_OK = 0,
	WEIR_NOT_FOUND =
	    -1,          /* what was asked for is not there: often no fault */
	WEIR_USAGE = -2, /* the command line or an argument is wrong */
	WEIR_PIPELINE = -3, /* the pipeline file is wrong */
	WEIR_SYSTEM = -4,   /* the operating system said no; foreign is errno */
	WEIR_STORE = -5,    /* the store failed; foreign is LMDB's code */
	WEIR_STORE_FULL = -6, /* disk or map full: try again with more room */
	WEIR_STORE_BUSY = -7, /* another weir writes this store */
	WEIR_STORE_FOREIGN = -8, /* not a store, or one of another pipeline,
				    format or source: refused, not misread */
	WEIR_KAFKA = -9,         /* librdkafka's code in foreign */
	WEIR_FULL = -10,         /* a bounded buffer is full: try again later */
};

#define ERR_TEXT_MAX 768

struct err {
	enum weir_err code;
	int foreign; /* errno, LMDB's or librdkafka's code; 0 when none */
	char text[ERR_TEXT_MAX]; /* a sentence, NUL-terminated, cut when long,
				    control characters replaced */
};

/*
 * Fills *err (which may be NULL) and returns code, so that a failing function
 * can end with `return err_set(...)`. Any thread.
 */
int err_set(struct err *err, enum weir_err code, int foreign, const char *fmt,
	    ...) __attribute__((format(printf, 4, 5)));

/*
 * err_set() with WEIR_SYSTEM and errno, whose text is put after the message:
 * "cannot open x: Permission denied". Any thread.
 */
int err_errno(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
