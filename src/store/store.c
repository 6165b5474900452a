#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "aggregate/key.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/crash.h"
#include "alert/alert.h"
#include "store/folder.h"
#include "store/rows-door.h"

/*
 * Address space, not disk or memory: the file grows as pages are used. It is
 * doubled when it fills.
 */
#define MAP_START ((size_t)1 << 30)

#define MEMORY_USUAL ((int64_t)256 << 20) /* until it is set */

#define META_MAX ((size_t)2 << 20) /* twice the largest pipeline file */

#define DISK_FULL_BYTES (UINT64_C(1) << 20)

/* LMDB calls a write that was cut short EIO, also when the disk was full. */
static bool
disk_full(const struct store *store)
{
	struct statvfs fs;

	return statvfs(store->path, &fs) == 0 &&
	       (uint64_t)fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES;
}

int
store_fail(struct err *err, int rc, const struct store *store,
	   const char *doing)
{
	const char *path = store->path, *said = mdb_strerror(rc);

	/* LMDB's texts begin with the name of the code. */
	if (strncmp(said, "MDB_", 4) == 0 && strstr(said, ": "))
		said = strstr(said, ": ") + 2;
	if (rc == EIO && disk_full(store))
		rc = ENOSPC;
	switch (rc) {
	case MDB_MAP_FULL:
		/* It was grown, and not by enough: no sane commit does that. */
		return err_set(err, WEIR_STORE_FULL, rc,
			       "the store %s takes more room than it should "
			       "(%s), and may be damaged; trying again with "
			       "more",
			       path, doing);
	case ENOSPC:
	case EDQUOT:
		return err_set(err, WEIR_STORE_FULL, rc,
			       "the disk of the store %s is full (%s); make "
			       "room on it",
			       path, doing);
	case EROFS:
	case EACCES:
	case EPERM:
		return err_set(err, WEIR_STORE_FULL, rc,
			       "the store %s cannot be written now (%s while "
			       "%s); make it writable again",
			       path, said, doing);
	case ENOMEM:
		return err_set(err, WEIR_STORE_FULL, rc,
			       "there is no address space for the store %s "
			       "(%s); allow weir more, see ulimit -v",
			       path, doing);
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return err_set(err, WEIR_STORE_FOREIGN, rc,
			       "%s is not a weir store: its %s is something "
			       "else",
			       path, FOLDER_DATA);
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_CURSOR_FULL:
	case MDB_PAGE_FULL:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_TXN:
	case MDB_BAD_VALSIZE:
		return err_set(err, WEIR_STORE, rc,
			       "the store %s is damaged (%s while %s); begin a "
			       "new one with --fresh, or restore a copy",
			       path, said, doing);
	case MDB_PANIC:
		/* LMDB's word after its last page of a commit failed. */
		return err_set(err, WEIR_STORE, rc,
			       "the store %s can no longer be written (%s); "
			       "start weir again, it goes on from the last "
			       "commit",
			       path, doing);
	default:
		return err_set(err, WEIR_STORE, rc,
			       "the store %s failed while %s: %s", path, doing,
			       said);
	}
}

/* ---- Read transactions ---- */

/* The map of a reader follows when another process has grown the file. */
static int
follow_map(struct store *store)
{
	int rc;

	pthread_rwlock_unlock(&store->map_lock);
	pthread_rwlock_wrlock(&store->map_lock);
	rc = mdb_env_set_mapsize(store->env, 0);
	pthread_rwlock_unlock(&store->map_lock);
	pthread_rwlock_rdlock(&store->map_lock);
	return rc;
}

int
store_read_begin(struct store *store, MDB_txn **txn, struct err *err)
{
	int rc;

	pthread_rwlock_rdlock(&store->map_lock);
	rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, txn);
	for (int tries = 0; rc == MDB_MAP_RESIZED && tries < 10; tries++) {
		rc = follow_map(store);
		if (rc == 0)
			rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, txn);
	}
	if (rc) {
		pthread_rwlock_unlock(&store->map_lock);
		return store_fail(err, rc, store, "beginning to read");
	}
	return 0;
}

void
store_read_end(struct store *store, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	pthread_rwlock_unlock(&store->map_lock);
}

/* ---- Open and close ---- */

/* LMDB has found what cannot be: see base/crash.h. */
static void
on_assertion(MDB_env *env, const char *text)
{
	(void)env;
	(void)text; /* of LMDB's source: of no use to who reads it */
	abort();
}

static int
open_env(struct store *store, enum store_mode mode, struct err *err)
{
	unsigned flags = MDB_NOTLS;
	enum contents contents;
	struct stat st;
	struct buf file = BUF_INIT;
	size_t map = MAP_START;
	int rc;

	rc = folder_look(store->path, &contents, err);
	if (rc)
		return rc;
	if (contents == CONTENTS_OTHER)
		return err_set(err, WEIR_STORE_FOREIGN, 0,
			       "the folder %s holds other files and no store; "
			       "give --store a folder of its own",
			       store->path);
	if (mode == STORE_READ) {
		if (contents != CONTENTS_STORE)
			return err_set(err, WEIR_NOT_FOUND, 0,
				       "there is no store in %s", store->path);
		flags |= MDB_RDONLY;
	} else {
		rc = folder_make(store->path, err);
		if (rc == 0)
			rc = folder_lock(store->path, &store->lock_fd, err);
		if (rc == 0)
			rc = folder_reserve(store->path, err);
		if (rc)
			return rc;
		flags |= mode == STORE_WRITE ? MDB_NOMETASYNC : MDB_NOSYNC;
	}
	buf_addf(&file, "%s/" FOLDER_DATA, store->path);
	if (stat(file.data, &st) == 0)
		while (map < (size_t)st.st_size * 2)
			map *= 2;
	buf_release(&file);
	rc = mdb_env_create(&store->env);
	if (rc == 0)
		rc = mdb_env_set_assert(store->env, on_assertion);
	if (rc == 0)
		rc =
		    mdb_env_set_maxdbs(store->env, 2 * PIPELINE_TABLES_MAX + 9);
	if (rc == 0 && mode != STORE_READ)
		rc = mdb_env_set_mapsize(store->env, map);
	if (rc == 0)
		rc = mdb_env_open(store->env, store->path, flags, 0600);
	if (rc == 0 && mode != STORE_READ)
		rc = mdb_reader_check(store->env, NULL);
	if (rc == EACCES || rc == EPERM || rc == EROFS) {
		errno = rc;
		return err_errno(err, "cannot open the store %s", store->path);
	}
	return rc ? store_fail(err, rc, store, "being opened") : 0;
}

/* The pipeline that a store was made with, against the one asked for. */
static int
check_pipeline(struct store *store, MDB_txn *txn, struct err *err)
{
	MDB_val format, fingerprint, text, file;
	struct err why;
	char *name;
	int rc;

	rc = store_get(txn, store->meta, META_FORMAT, &format);
	if (rc || format.mv_size != 4)
		return err_set(err, WEIR_STORE_FOREIGN, rc,
			       "%s is an LMDB environment but not a weir store",
			       store->path);
	if (get_u32(format.mv_data) != STORE_FORMAT)
		return err_set(err, WEIR_STORE_FOREIGN, 0,
			       "the store %s is of format %" PRIu32
			       ", this weir reads format %d; begin a new one "
			       "with --fresh",
			       store->path, get_u32(format.mv_data),
			       STORE_FORMAT);
	rc = store_get(txn, store->meta, META_FINGERPRINT, &fingerprint);
	if (rc == 0)
		rc = store_get(txn, store->meta, META_PIPELINE, &text);
	if (rc == 0)
		rc = store_get(txn, store->meta, META_FILE, &file);
	if (rc == 0 && (text.mv_size > META_MAX || file.mv_size > META_MAX))
		rc = MDB_CORRUPTED;
	if (rc)
		return store_fail(err, rc, store, "reading its pipeline");
	if (!store->pipeline) {
		name = xstrndup(file.mv_data, file.mv_size);
		rc = pipeline_parse(text.mv_data, text.mv_size, name,
				    &store->own_pipeline, &why);
		free(name);
		store->pipeline = store->own_pipeline;
		if (rc)
			return err_set(
			    err, WEIR_STORE, 0,
			    "the store %s is damaged, or of another "
			    "weir, since its pipeline is wrong (%s); "
			    "begin a new one with --fresh, or "
			    "restore a copy",
			    store->path, why.text);
	}
	if (fingerprint.mv_size != 8 ||
	    get_u64(fingerprint.mv_data) != store->pipeline->fingerprint)
		return err_set(
		    err, WEIR_STORE_FOREIGN, 0,
		    "the store %s was made with other fields, rules "
		    "or tables (%.*s); use another --store, or begin "
		    "a new one with --fresh",
		    store->path, (int)file.mv_size, (const char *)file.mv_data);
	return 0;
}

static int
put(MDB_txn *txn, MDB_dbi dbi, const char *key, const void *data, size_t size)
{
	MDB_val k = val(key, strlen(key)), v = val(data, size);

	return mdb_put(txn, dbi, &k, &v, 0);
}

static int
write_meta(struct store *store, MDB_txn *txn)
{
	const struct pipeline *p = store->pipeline;
	char format[4], fingerprint[8];
	int rc;

	put_u32(format, STORE_FORMAT);
	put_u64(fingerprint, p->fingerprint);
	rc = put(txn, store->meta, META_FORMAT, format, sizeof(format));
	if (rc == 0)
		rc = put(txn, store->meta, META_FINGERPRINT, fingerprint,
			 sizeof(fingerprint));
	if (rc == 0)
		rc = put(txn, store->meta, META_PIPELINE, p->text,
			 strlen(p->text));
	if (rc == 0)
		rc = put(txn, store->meta, META_FILE, p->file, strlen(p->file));
	return rc;
}

/* Of a database without which no store of ours was made. */
static int
damage_fail(const struct store *store, int rc, struct err *err)
{
	return store_fail(err, rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc, store,
			  "being opened");
}

static int
open_distinct(struct store *store, MDB_txn *txn, unsigned table,
	      unsigned create)
{
	const struct table_spec *spec = &store->pipeline->tables[table];
	char name[PIPELINE_NAME_MAX + 16];
	MDB_stat stat;
	int rc;

	if (!distinct_used(spec))
		return 0;
	snprintf(name, sizeof(name), "distinct %s", spec->name);
	rc = mdb_dbi_open(txn, name, create, &store->distinct[table]);
	if (rc == 0)
		rc = mdb_stat(txn, store->distinct[table], &stat);
	if (rc == 0)
		store->distinct_pages[table] = stat.ms_leaf_pages;
	return rc;
}

/* Stores of weirs that knew no alerts have no database for them. */
static int
open_alerts(struct store *store, MDB_txn *txn, enum store_mode mode)
{
	int rc = mdb_dbi_open(
	    txn, "alerts", mode == STORE_READ ? 0 : MDB_CREATE, &store->alerts);

	store->has_alerts = rc == 0;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The writer's estimates know of ranges before it changes any. */
static int
look_for_ranges(struct store *store, MDB_txn *txn, unsigned table)
{
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, store->ranges_dbi, &cursor);

	if (rc)
		return rc;
	rc = range_first(cursor, table);
	mdb_cursor_close(cursor);
	store->ranged[table] = rc == 0;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/*
 * What may change without another meaning of what is stored - alerts, panels -
 * is also for who only reads as it is now.
 */
static int
follow_pipeline(struct store *store, MDB_txn *txn)
{
	const struct pipeline *p = store->pipeline;
	MDB_val text;
	int rc = store_get(txn, store->meta, META_PIPELINE, &text);

	if (rc || (text.mv_size == strlen(p->text) &&
		   memcmp(text.mv_data, p->text, text.mv_size) == 0))
		return rc;
	rc = put(txn, store->meta, META_PIPELINE, p->text, strlen(p->text));
	return rc ? rc
		  : put(txn, store->meta, META_FILE, p->file, strlen(p->file));
}

static int
open_databases(struct store *store, enum store_mode mode, struct err *err)
{
	unsigned create = mode == STORE_READ ? 0 : MDB_CREATE;
	struct {
		const char *name;
		MDB_dbi *dbi;
	} databases[] = {
	    {"meta", &store->meta},         {"offsets", &store->offsets},
	    {"groups", &store->groups},     {"history", &store->history},
	    {"dead", &store->dead},         {"seen", &store->seen},
	    {"layers", &store->layers_dbi}, {"ranges", &store->ranges_dbi},
	};
	MDB_txn *txn;
	MDB_stat stat;
	bool ours = false; /* of which nothing is made anew */
	int rc;

	rc = mdb_txn_begin(store->env, NULL,
			   mode == STORE_READ ? MDB_RDONLY : 0, &txn);
	if (rc)
		return store_fail(err, rc, store, "being opened");
	for (size_t i = 0; i < sizeof(databases) / sizeof(*databases); i++) {
		rc = mdb_dbi_open(txn, databases[i].name, create,
				  databases[i].dbi);
		if (!ours && (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)) {
			rc = err_set(err, WEIR_STORE_FOREIGN, rc,
				     "%s is an LMDB environment but not a weir "
				     "store",
				     store->path);
			goto done;
		}
		if (rc) {
			rc = damage_fail(store, rc, err);
			goto done;
		}
		if (i > 0)
			continue;
		/* Look before anything is made in a foreign environment. */
		rc = mdb_stat(txn, store->meta, &stat);
		if (rc == 0 && stat.ms_entries == 0 && create) {
			MDB_dbi main_dbi;

			rc = mdb_dbi_open(txn, NULL, 0, &main_dbi);
			if (rc == 0)
				rc = mdb_stat(txn, main_dbi, &stat);
			if (rc == 0 && stat.ms_entries > 1) {
				rc = err_set(err, WEIR_STORE_FOREIGN, 0,
					     "%s is an LMDB environment but "
					     "not a weir store",
					     store->path);
				goto done;
			}
			if (rc == 0)
				rc = write_meta(store, txn);
		} else {
			ours = true;
			create = 0;
		}
		rc = rc ? store_fail(err, rc, store, "being made")
			: check_pipeline(store, txn, err);
		if (rc)
			goto done;
	}
	for (unsigned i = 0; i < store->pipeline->tables_len; i++) {
		const struct table_spec *spec = &store->pipeline->tables[i];
		char name[PIPELINE_NAME_MAX + 8];

		snprintf(name, sizeof(name), "table %s", spec->name);
		rc = mdb_dbi_open(txn, name, create, &store->tables[i]);
		if (rc == 0)
			rc = mdb_stat(txn, store->tables[i], &stat);
		if (rc) {
			rc = damage_fail(store, rc, err);
			goto done;
		}
		store->leaf_pages[i] = stat.ms_leaf_pages;
		store->page_size = stat.ms_psize;
		rc = open_distinct(store, txn, i, create);
		if (rc == 0 && mode != STORE_READ)
			rc = look_for_ranges(store, txn, i);
		if (rc) {
			rc = damage_fail(store, rc, err);
			goto done;
		}
		row_layout_init(&store->layouts[i], store->pipeline, spec);
	}
	rc = open_alerts(store, txn, mode);
	if (rc == 0 && mode != STORE_READ)
		rc = follow_pipeline(store, txn);
	if (rc) {
		rc = store_fail(err, rc, store, "being opened");
		goto done;
	}
	/* Also for readers: it is what keeps database handles open. */
	rc = mdb_txn_commit(txn);
	return rc ? store_fail(err, rc, store, "being opened") : 0;
done:
	mdb_txn_abort(txn);
	return rc;
}

int
store_open(const char *path, enum store_mode mode,
	   const struct pipeline *pipeline, struct store **out, struct err *err)
{
	struct store *store = xcalloc(1, sizeof(*store));
	const char *before;
	int rc;

	store->path = folder_plain(path);
	store->lock_fd = -1;
	store->pipeline = pipeline;
	store->sync = mode == STORE_WRITE;
	pthread_rwlock_init(&store->map_lock, NULL);
	before = crash_enter(store->path);
	rc = open_env(store, mode, err);
	if (rc == 0)
		rc = open_databases(store, mode, err);
	crash_leave(before);
	if (rc) {
		store_close(store);
		return rc;
	}
	store_set_memory(store, MEMORY_USUAL);
	*out = store;
	return 0;
}

void
store_set_memory(struct store *store, int64_t bytes)
{
	size_t pages = (size_t)bytes / store->page_size;

	store->bounds.table_pages = pages / 16;
	store->bounds.range_pages = pages / 128 ? pages / 128 : 1;
	/* Of an eighth: their indexes take up to 22 bytes for each. */
	store->bounds.entries = (size_t)bytes / 8 / 24;
}

void
store_close(struct store *store)
{
	const char *before;

	if (!store)
		return;
	before = crash_enter(store->path);
	if (store->env) {
		if (store->sync)
			mdb_env_sync(store->env, 1);
		mdb_env_close(store->env);
	}
	crash_leave(before);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	pthread_rwlock_destroy(&store->map_lock);
	alerts_free(store->rules);
	for (unsigned i = 0; i < PIPELINE_TABLES_MAX; i++)
		ranges_forget(store, i);
	pipeline_free(store->own_pipeline);
	free(store->path);
	free(store);
}

bool
store_at_rest(const struct store *store)
{
	return folder_rests(store->path);
}

const struct pipeline *
store_pipeline(const struct store *store)
{
	return store->pipeline;
}

/* ---- What a run goes on from ---- */

static void
copy_text(char *to, size_t room, MDB_val from)
{
	size_t size = from.mv_size < room ? from.mv_size : room - 1;

	memcpy(to, from.mv_data, size);
	to[size] = '\0';
}

/* A text of `meta`; one that is not there is "". */
static int
load_text(struct store *store, MDB_txn *txn, const char *key, char *to,
	  size_t room)
{
	MDB_val v;
	int rc = store_get(txn, store->meta, key, &v);

	if (rc == 0)
		copy_text(to, room, v);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Keys are indices from 0 on, without holes. */
static int
load_partitions(struct store *store, MDB_txn *txn,
		struct store_partition **partitions, unsigned *len)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	size_t entries = 0;
	int rc;

	rc =
	    store_entries(store, txn, store->offsets, PARTITION_HEAD, &entries);
	if (rc == 0)
		rc = mdb_cursor_open(txn, store->offsets, &cursor);
	if (rc)
		return rc;
	*partitions = xcalloc(entries, sizeof(**partitions));
	while (rc == 0 && *len < entries) {
		rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
		if (rc == 0 && k.mv_size == 4 && get_be32(k.mv_data) == *len)
			rc = partition_decode(v, &(*partitions)[(*len)++]);
		else
			rc = rc && rc != MDB_NOTFOUND ? rc : MDB_CORRUPTED;
	}
	if (rc == 0 && mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0)
		rc = MDB_CORRUPTED;
	mdb_cursor_close(cursor);
	return rc;
}

/* Without a state nothing was ever committed. */
static int
is_empty(struct store *store, MDB_txn *txn)
{
	size_t entries = 0;
	int rc;

	rc =
	    store_entries(store, txn, store->offsets, PARTITION_HEAD, &entries);
	for (unsigned i = 0; i < store->pipeline->tables_len; i++)
		if (rc == 0 && entries == 0)
			rc = row_count(store, txn, i, &entries);
	return rc ? rc : entries ? MDB_CORRUPTED : 0;
}

int
store_load(struct store *store, struct store_source *source,
	   struct store_state *state, struct store_partition **partitions,
	   unsigned *partitions_len, struct err *err)
{
	const char *before;
	MDB_txn *txn;
	MDB_val v;
	int rc;

	memset(source, 0, sizeof(*source));
	memset(state, 0, sizeof(*state));
	state->watermark_ms = state->newest_ms = WATERMARK_NONE;
	*partitions = NULL;
	*partitions_len = 0;
	before = crash_enter(store->path);
	rc = store_read_begin(store, &txn, err);
	if (rc) {
		crash_leave(before);
		return rc;
	}
	rc = load_text(store, txn, META_SOURCE_ID, source->id,
		       sizeof(source->id));
	if (rc == 0)
		rc = load_text(store, txn, META_TOPIC, source->topic,
			       sizeof(source->topic));
	if (rc == 0)
		rc = load_text(store, txn, META_LABEL, source->label,
			       sizeof(source->label));
	if (rc == 0)
		rc = store_get(txn, store->meta, META_STATE, &v);
	if (rc == MDB_NOTFOUND) {
		rc = is_empty(store, txn);
	} else if (rc == 0) {
		rc = source->id[0] ? state_decode(v, state) : MDB_CORRUPTED;
		if (rc == 0)
			rc = load_partitions(store, txn, partitions,
					     partitions_len);
	}
	rc = rc ? store_fail(err, rc, store, "being read")
		: store_check(store, txn, state, err);
	store_read_end(store, txn);
	crash_leave(before);
	return rc;
}

static int
set_source(struct store *store, const struct store_source *source,
	   struct err *err)
{
	MDB_txn *txn;
	int rc;

	rc = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (rc)
		return store_fail(err, rc, store, "naming its source");
	rc = put(txn, store->meta, META_SOURCE_ID, source->id,
		 strlen(source->id));
	if (rc == 0)
		rc = put(txn, store->meta, META_TOPIC, source->topic,
			 strlen(source->topic));
	if (rc == 0)
		rc = put(txn, store->meta, META_LABEL, source->label,
			 strlen(source->label));
	if (rc) {
		mdb_txn_abort(txn);
		return store_fail(err, rc, store, "naming its source");
	}
	rc = mdb_txn_commit(txn);
	return rc ? store_fail(err, rc, store, "naming its source") : 0;
}

int
store_set_source(struct store *store, const struct store_source *source,
		 struct err *err)
{
	const char *before = crash_enter(store->path);
	int rc = set_source(store, source, err);

	crash_leave(before);
	return rc;
}
