/*
 * The folder that a store is in: what else is there, the lock of the one who
 * writes, setting it aside.
 */
#ifndef WEIR_STORE_FOLDER_H
#define WEIR_STORE_FOLDER_H

#include <stdbool.h>

#include "base/err.h"

#define FOLDER_DATA "data.mdb" /* LMDB's */

/*
 * What is in a folder: nothing (or only our lock), a data file, or other things
 * alone, which then are not ours to write beside.
 */
enum contents { CONTENTS_NONE, CONTENTS_EMPTY, CONTENTS_STORE, CONTENTS_OTHER };

/* Without slashes at the end, which people's shells put there; to be freed. */
char *folder_plain(const char *path);

int folder_make(const char *path, struct err *err);
int folder_look(const char *path, enum contents *contents, struct err *err);

/* Who writes holds it. WEIR_STORE_BUSY, with the process that does. */
int folder_lock(const char *path, int *fd, struct err *err);
/* Whether nobody holds it. */
bool folder_rests(const char *path);

/* Room for LMDB's table of readers. */
int folder_reserve(const char *path, struct err *err);

#endif
