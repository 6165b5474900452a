/*
 * Alerts in the store, between the files of this folder (docs/store.md has the
 * records).
 */
#ifndef WEIR_STORE_ALERTS_DOOR_H
#define WEIR_STORE_ALERTS_DOOR_H

#include "alert/alert.h"
#include "store/lmdb-door.h"

/* First byte of the keys of "alerts". */
#define ALERTS_META   "m"
#define ALERTS_RULE   'r' /* then the rule's name */
#define ALERTS_STATE  's' /* then the rule's slot (4), the row's key */
#define ALERTS_LOG    'l' /* then a number (8) */
#define ALERTS_NOTICE 'n' /* then its number (8) */

#define ALERT_KEY_MAX (5 + KEY_MAX)
#define ALERT_RECORD  104
#define CHANGE_RECORD 88 /* and the key */
#define RULE_RECORD   56

/* False when these bytes are none. */
bool alert_decode(MDB_val data, struct alert *alert);
bool change_decode(MDB_val data, struct alert_change *change, uint32_t *slot);
/* The rule of the same name and meaning; NULL: there is none any more. */
struct alert_rule *rule_decode(struct alerts *alerts, MDB_val key,
			       MDB_val data);

/* Each second of the flow that the history has, oldest first; LMDB's codes. */
int store_alert_seconds(struct store *store, MDB_txn *txn,
			struct alerts *alerts,
			void (*take)(struct alerts *alerts,
				     const struct alert_second *second));

/*
 * In a commit, in this order; LMDB's codes. After begin(), store->rules are
 * told of changed rows. done() in any case, also when begin() has failed:
 * `notices` go to the commit's, or are dropped.
 */
int store_alerts_begin(struct store *store, MDB_txn *txn,
		       const struct store_commit *commit);
int store_alerts_table(struct store *store, MDB_txn *txn, unsigned table);
int store_alerts_end(struct store *store, MDB_txn *txn,
		     const struct store_commit *commit,
		     struct notices *notices);
void store_alerts_done(struct store *store, bool committed,
		       const struct store_commit *commit,
		       struct notices *notices);

/* Into a view: its rules, alerts and log. */
int view_read_alerts(const struct whole *whole, struct view *view,
		     struct err *err);

#endif
