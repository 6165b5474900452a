#include <pthread.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "kafka/rdkafka-door.h"
#include "kafka/assignment.h"

#define ANSWER_MS        10000
#define LOOK_MS          1000                /* how long one look may take */
#define LOOK_NS          INT64_C(2000000000) /* between two of them */
#define PUBLISH_MS       5000
#define PUBLISH_PAUSE_NS 50000000 /* between two tries */
#define LEAVE_STEP_MS    50
#define MISSED_MAX       3 /* looks in which a topic is missing until it is gone */

struct found {
	char *topic;
	unsigned partitions;
	unsigned missed; /* looks in a row that did not find it */
};

struct topics {
	struct found *list;
	unsigned len;
};

struct assignment {
	struct kafka_shared shared; /* first: the opaque of callbacks */
	rd_kafka_t *rk;
	char *cluster_id;
	char **names; /* as given, taken apart */
	unsigned names_len;
	bool is_regex;
	regex_t regex;
	unsigned partitions;
	struct topics known; /* what the caller was told */
	struct assignment_change *changes;
	size_t changes_len, changes_room;
	char problem[256];

	/* Without a group: the thread that looks for topics. */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	bool stopping, looked;
	struct topics found;

	/* In a group. */
	bool group, leaving, unpublished;
	bool unlisted; /* pending, but where it begins is not known yet */
	rd_kafka_resp_err_t pending; /* 0: nothing is to be settled */
	rd_kafka_topic_partition_list_t *partitions_pending;
};

/* ---- Topics ---- */

static void
topics_release(struct topics *topics)
{
	for (unsigned i = 0; i < topics->len; i++)
		free(topics->list[i].topic);
	free(topics->list);
	memset(topics, 0, sizeof(*topics));
}

static struct found *
topics_find(const struct topics *topics, const char *name)
{
	for (unsigned i = 0; i < topics->len; i++)
		if (strcmp(topics->list[i].topic, name) == 0)
			return &topics->list[i];
	return NULL;
}

static struct found *
topics_add(struct topics *topics, const char *name, unsigned partitions)
{
	struct found *found;

	topics->list =
	    xrealloc(topics->list, (topics->len + 1) * sizeof(*topics->list));
	found = &topics->list[topics->len++];
	*found = (struct found){xstrdup(name), partitions, 0};
	return found;
}

/* Kafka's own topics begin with "__": only for those who name them. */
static bool
means_own_topics(const struct assignment *assignment)
{
	return !assignment->is_regex ||
	       strncmp(assignment->names[0], "^__", 3) == 0;
}

static bool
is_meant(const struct assignment *assignment, const char *name)
{
	if (strncmp(name, "__", 2) == 0 && !means_own_topics(assignment))
		return false;
	return strlen(name) < ASSIGNMENT_TOPIC_MAX &&
	       regexec(&assignment->regex, name, 0, NULL, 0) == 0;
}

static rd_kafka_resp_err_t
look_for_all(struct assignment *assignment, int timeout_ms, struct topics *to)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t code;

	code =
	    rd_kafka_metadata(assignment->rk, 1, NULL, &metadata, timeout_ms);
	if (code)
		return code;
	for (int i = 0; i < metadata->topic_cnt; i++) {
		const rd_kafka_metadata_topic_t *topic = &metadata->topics[i];

		if (!topic->err && is_meant(assignment, topic->topic))
			topics_add(to, topic->topic,
				   (unsigned)topic->partition_cnt);
	}
	rd_kafka_metadata_destroy(metadata);
	return 0;
}

static rd_kafka_resp_err_t
look_for_one(struct assignment *assignment, const char *name, int timeout_ms,
	     struct topics *to)
{
	rd_kafka_topic_t *handle =
	    rd_kafka_topic_new(assignment->rk, name, NULL);
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t code;

	if (!handle)
		return rd_kafka_last_error();
	code =
	    rd_kafka_metadata(assignment->rk, 0, handle, &metadata, timeout_ms);
	rd_kafka_topic_destroy(handle);
	if (code)
		return code;
	if (metadata->topic_cnt == 1)
		code = metadata->topics[0].err;
	if (metadata->topic_cnt == 1 && !code)
		topics_add(to, name,
			   (unsigned)metadata->topics[0].partition_cnt);
	rd_kafka_metadata_destroy(metadata);
	/* That it is not there is an answer; others are none. */
	return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? 0 : code;
}

static rd_kafka_resp_err_t
look(struct assignment *assignment, int timeout_ms, struct topics *to)
{
	rd_kafka_resp_err_t code = 0;

	if (assignment->is_regex)
		return look_for_all(assignment, timeout_ms, to);
	for (unsigned i = 0; !code && i < assignment->names_len; i++)
		code = look_for_one(assignment, assignment->names[i],
				    timeout_ms, to);
	return code;
}

/* Looks for topics now and then, until it is told to stop. */
static void *
look_main(void *arg)
{
	struct assignment *assignment = arg;

	pthread_setname_np(pthread_self(), "weir-topics");
	pthread_mutex_lock(&assignment->lock);
	while (!assignment->stopping) {
		struct topics found = {0};
		struct timespec until =
		    clock_timespec(clock_steady_ns() + LOOK_NS);
		rd_kafka_resp_err_t code;

		pthread_cond_timedwait(&assignment->wake, &assignment->lock,
				       &until);
		if (assignment->stopping)
			break;
		pthread_mutex_unlock(&assignment->lock);
		code = look(assignment, LOOK_MS, &found);
		rd_kafka_poll(assignment->rk, 0);
		pthread_mutex_lock(&assignment->lock);
		if (code) {
			topics_release(&found);
		} else {
			topics_release(&assignment->found);
			assignment->found = found;
			assignment->looked = true;
		}
	}
	pthread_mutex_unlock(&assignment->lock);
	return NULL;
}

/* ---- Changes ---- */

static void
add_change(struct assignment *assignment, enum assignment_kind kind,
	   const char *topic, int32_t partition, int64_t published)
{
	struct assignment_change *change;

	if (assignment->changes_len == assignment->changes_room) {
		assignment->changes_room = assignment->changes_room * 2 + 16;
		assignment->changes = xrealloc(
		    assignment->changes,
		    assignment->changes_room * sizeof(*assignment->changes));
	}
	change = &assignment->changes[assignment->changes_len++];
	change->kind = kind;
	snprintf(change->topic, sizeof(change->topic), "%s", topic);
	change->partition = partition;
	change->published = published;
}

/* A broker that has just started may not know all yet: not at once. */
static void
miss(struct assignment *assignment, struct found *was, unsigned left)
{
	if (++was->missed < MISSED_MAX)
		return;
	while (was->partitions > left)
		add_change(assignment, ASSIGNMENT_GONE, was->topic,
			   (int32_t)--was->partitions, -1);
	was->missed = 0;
}

/* What the last look found against what the caller knows. */
static void
compare(struct assignment *assignment, const struct topics *found)
{
	struct topics *known = &assignment->known;

	for (unsigned i = 0; i < found->len; i++) {
		const struct found *now = &found->list[i];
		struct found *was = topics_find(known, now->topic);

		if (!was)
			was = topics_add(known, now->topic, 0);
		while (was->partitions < now->partitions)
			add_change(assignment, ASSIGNMENT_GAINED, now->topic,
				   (int32_t)was->partitions++, -1);
		/* Fewer than before: made anew, if it stays so. */
		if (was->partitions == now->partitions)
			was->missed = 0;
		else
			miss(assignment, was, now->partitions);
	}
	assignment->problem[0] = '\0';
	for (unsigned i = 0; i < known->len; i++) {
		struct found *was = &known->list[i];

		if (topics_find(found, was->topic))
			continue;
		miss(assignment, was, 0);
		if (!assignment->is_regex)
			snprintf(assignment->problem,
				 sizeof(assignment->problem),
				 "the topic %.200s is gone; waiting for it",
				 was->topic);
	}
}

/* ---- The group ---- */

/*
 * Called from rd_kafka_consumer_poll(). What it asks for is done when the
 * caller has settled it; until then librdkafka waits.
 */
static void
on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
	     rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
	struct assignment *assignment = opaque;

	if (assignment->leaving) {
		rd_kafka_assign(rk, NULL);
		return;
	}
	if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS &&
	    code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
		rd_kafka_assign(rk, NULL);
		return;
	}
	assignment->pending = code;
	assignment->partitions_pending =
	    rd_kafka_topic_partition_list_copy(partitions);
}

/*
 * The group's offsets of what was gained: without them it would be read again
 * what others have read. False: no answer, ask again.
 */
static bool
ask_published(struct assignment *assignment,
	      rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t code;

	if (list->cnt == 0)
		return true;
	code = rd_kafka_committed(assignment->rk, list, PUBLISH_MS);
	for (int i = 0; !code && i < list->cnt; i++)
		code = list->elems[i].err;
	if (!code)
		return true;
	snprintf(assignment->problem, sizeof(assignment->problem),
		 "the group does not say how far it has come: %s",
		 rd_kafka_err2str(code));
	return false;
}

static void
list_pending(struct assignment *assignment)
{
	rd_kafka_topic_partition_list_t *list = assignment->partitions_pending;
	bool gained =
	    assignment->pending == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

	assignment->unlisted = gained && !ask_published(assignment, list);
	if (assignment->unlisted)
		return;
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &list->elems[i];

		if (strlen(p->topic) < ASSIGNMENT_TOPIC_MAX)
			add_change(assignment,
				   gained ? ASSIGNMENT_GAINED
					  : ASSIGNMENT_GIVEN_UP,
				   p->topic, p->partition,
				   gained && p->offset >= 0 ? p->offset : -1);
	}
}

static void
poll_group(struct assignment *assignment)
{
	rd_kafka_message_t *message;

	/* It must be called often, but serves one thing a call. */
	for (unsigned i = 0; i < 8 && !assignment->pending; i++) {
		message = rd_kafka_consumer_poll(assignment->rk, 0);
		if (!message)
			break;
		if (message->err)
			snprintf(assignment->problem,
				 sizeof(assignment->problem), "the group: %s",
				 rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
	}
	if (assignment->pending)
		list_pending(assignment);
}

/* What the group gives is not read here: see consumer.h. */
static void
settle_group(struct assignment *assignment)
{
	rd_kafka_topic_partition_list_t *list = assignment->partitions_pending;
	bool cooperative = strcmp(rd_kafka_rebalance_protocol(assignment->rk),
				  "COOPERATIVE") == 0;
	rd_kafka_error_t *error = NULL;

	if (assignment->pending == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		for (int i = 0; i < list->cnt; i++)
			list->elems[i].offset = RD_KAFKA_OFFSET_END;
		if (cooperative)
			error =
			    rd_kafka_incremental_assign(assignment->rk, list);
		else
			rd_kafka_assign(assignment->rk, list);
		rd_kafka_pause_partitions(assignment->rk, list);
		assignment->problem[0] = '\0';
	} else if (cooperative) {
		error = rd_kafka_incremental_unassign(assignment->rk, list);
	} else {
		rd_kafka_assign(assignment->rk, NULL);
	}
	if (error) {
		snprintf(assignment->problem, sizeof(assignment->problem),
			 "the group: %s", rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
	}
	rd_kafka_topic_partition_list_destroy(list);
	assignment->partitions_pending = NULL;
	assignment->pending = 0;
}

/* From rd_kafka_consumer_poll(), and when the group is left. */
static void
on_published(rd_kafka_t *rk, rd_kafka_resp_err_t code,
	     rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
	struct assignment *assignment = opaque;

	(void)rk;
	(void)offsets;
	if (code && code != RD_KAFKA_RESP_ERR__NO_OFFSET)
		assignment->unpublished = true;
}

static int
left_ms(int64_t deadline)
{
	int64_t left = deadline - clock_steady_ns();

	return left > 0 ? (int)(left / 1000000) : 0;
}

/* While the group is being put in order it takes none: once more then. */
static bool
publish_now(struct assignment *assignment,
	    rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(assignment->rk);
	rd_kafka_event_t *event = NULL;
	bool done = false;

	if (!rd_kafka_commit_queue(assignment->rk, list, queue, NULL, NULL))
		event = rd_kafka_queue_poll(queue, timeout_ms);
	if (event) {
		done = !rd_kafka_event_error(event);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_queue_destroy(queue);
	return done;
}

void
assignment_publish(struct assignment *assignment,
		   const struct assignment_offset *offsets, size_t len,
		   bool wait)
{
	const struct timespec pause = {0, PUBLISH_PAUSE_NS};
	int64_t deadline = clock_steady_ns() + PUBLISH_MS * INT64_C(1000000);
	rd_kafka_topic_partition_list_t *list;

	if (!assignment->group || len == 0)
		return;
	list = rd_kafka_topic_partition_list_new((int)len);
	for (size_t i = 0; i < len; i++)
		rd_kafka_topic_partition_list_add(list, offsets[i].topic,
						  offsets[i].partition)
		    ->offset = offsets[i].offset;
	if (!wait)
		rd_kafka_commit(assignment->rk, list, 1);
	/* Who was thrown out of the group has no say any more. */
	while (wait && !rd_kafka_assignment_lost(assignment->rk) &&
	       !publish_now(assignment, list, left_ms(deadline)) &&
	       clock_steady_ns() < deadline)
		nanosleep(&pause, NULL);
	rd_kafka_topic_partition_list_destroy(list);
}

bool
assignment_unpublished(struct assignment *assignment)
{
	bool unpublished = assignment->unpublished;

	assignment->unpublished = false;
	return unpublished;
}

/* ---- What the engine calls ---- */

size_t
assignment_changes(struct assignment *assignment,
		   const struct assignment_change **changes)
{
	if (assignment->changes_len == 0 && assignment->group) {
		poll_group(assignment);
		/* An empty rebalance wants to be settled as well. */
		if (assignment->pending && !assignment->unlisted &&
		    assignment->changes_len == 0)
			settle_group(assignment);
	} else if (assignment->changes_len == 0) {
		pthread_mutex_lock(&assignment->lock);
		if (assignment->looked)
			compare(assignment, &assignment->found);
		assignment->looked = false;
		pthread_mutex_unlock(&assignment->lock);
	}
	*changes = assignment->changes;
	return assignment->changes_len;
}

void
assignment_settled(struct assignment *assignment)
{
	assignment->changes_len = 0;
	if (assignment->pending)
		settle_group(assignment);
}

bool
assignment_means(const struct assignment *assignment, const char *topic)
{
	if (assignment->is_regex)
		return is_meant(assignment, topic);
	for (unsigned i = 0; i < assignment->names_len; i++)
		if (strcmp(assignment->names[i], topic) == 0)
			return true;
	return false;
}

unsigned
assignment_partitions(const struct assignment *assignment)
{
	return assignment->partitions;
}

const char *
assignment_cluster_id(struct assignment *assignment)
{
	if (!assignment->cluster_id)
		assignment->cluster_id =
		    rd_kafka_clusterid(assignment->rk, ANSWER_MS);
	return assignment->cluster_id ? assignment->cluster_id : "";
}

const char *
assignment_problem(struct assignment *assignment)
{
	return assignment->problem;
}

/* ---- Start and end ---- */

static int
take_names(struct assignment *assignment, const char *topics, struct err *err)
{
	char why[128];
	int code;

	assignment->is_regex = topics[0] == '^';
	for (const char *at = topics;; at++) {
		size_t size =
		    assignment->is_regex ? strlen(at) : strcspn(at, ",");

		if (size == 0 ||
		    (!assignment->is_regex && size >= ASSIGNMENT_TOPIC_MAX))
			return err_set(err, WEIR_USAGE, 0,
				       "\"%s\" is no list of topics: names of "
				       "1 to 249 characters with commas "
				       "between them",
				       topics);
		assignment->names =
		    xrealloc(assignment->names, (assignment->names_len + 1) *
						    sizeof(*assignment->names));
		assignment->names[assignment->names_len++] = xstrndup(at, size);
		at += size;
		if (*at == '\0')
			break;
	}
	if (!assignment->is_regex)
		return 0;
	code = regcomp(&assignment->regex, topics, REG_EXTENDED | REG_NOSUB);
	if (code == 0)
		return 0;
	regerror(code, &assignment->regex, why, sizeof(why));
	assignment->is_regex = false;
	return err_set(err, WEIR_USAGE, 0,
		       "%s is no regular expression for topics: %s", topics,
		       why);
}

/* The first look, with a sentence when there is nothing to be seen. */
static int
look_first(struct assignment *assignment, const char *topics, struct err *err)
{
	rd_kafka_resp_err_t code = 0;

	for (unsigned i = 0; !assignment->is_regex && i < assignment->names_len;
	     i++) {
		rd_kafka_topic_t *handle;
		unsigned partitions;
		int rc = client_topic(assignment->rk, assignment->names[i],
				      &handle, &partitions, err);

		if (rc)
			return rc;
		rd_kafka_topic_destroy(handle);
		topics_add(&assignment->found, assignment->names[i],
			   partitions);
	}
	if (assignment->is_regex) {
		code = look_for_all(assignment, ANSWER_MS, &assignment->found);
		if (code)
			return err_set(err, WEIR_KAFKA, code,
				       "no broker answers (%s); check the "
				       "address, or whether it is running",
				       rd_kafka_err2str(code));
		if (assignment->found.len == 0)
			return err_set(err, WEIR_NOT_FOUND, 0,
				       "the cluster has no topic that matches "
				       "%s",
				       topics);
	}
	for (unsigned i = 0; i < assignment->found.len; i++)
		assignment->partitions += assignment->found.list[i].partitions;
	assignment->looked = !assignment->group;
	return 0;
}

static int
join(struct assignment *assignment, struct err *err)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)assignment->names_len);
	rd_kafka_resp_err_t code;

	for (unsigned i = 0; i < assignment->names_len; i++)
		rd_kafka_topic_partition_list_add(list, assignment->names[i],
						  RD_KAFKA_PARTITION_UA);
	rd_kafka_poll_set_consumer(assignment->rk);
	code = rd_kafka_subscribe(assignment->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (code)
		return err_set(err, WEIR_KAFKA, code,
			       "cannot join the group: %s",
			       rd_kafka_err2str(code));
	return 0;
}

static int
start_looking(struct assignment *assignment, struct err *err)
{
	int code =
	    pthread_create(&assignment->thread, NULL, look_main, assignment);

	if (code)
		return err_set(err, WEIR_SYSTEM, code,
			       "cannot start the thread that looks for topics");
	assignment->running = true;
	return 0;
}

int
assignment_new(const struct kafka_settings *settings, const char *topics,
	       const char *group, struct assignment **out, struct err *err)
{
	struct assignment *assignment = xcalloc(1, sizeof(*assignment));
	/*
	 * Eager assignors: librdkafka then waits for the caller before it joins
	 * a new generation. With a cooperative one it does not, and offsets
	 * that are published meanwhile stand behind the join, are refused for
	 * their old generation, and count as a lost assignment (2.0).
	 *
	 * What is fetched before a pause takes effect is thrown away.
	 */
	static const struct kafka_default defaults[] = {
	    {"partition.assignment.strategy", "range,roundrobin"},
	    {"heartbeat.interval.ms", "1000"},
	    {"topic.metadata.refresh.interval.ms", "10000"},
	    {"fetch.message.max.bytes", "1024"},
	    {"queued.max.messages.kbytes", "1"},
	    {NULL, NULL},
	};
	/* Where the group stands is not for the user's settings to say. */
	static const struct kafka_default musts[] = {
	    {"enable.auto.commit", "false"},
	    {"enable.auto.offset.store", "false"},
	    {NULL, NULL},
	};
	rd_kafka_conf_t *conf;
	char why[256];
	int rc;

	pthread_mutex_init(&assignment->lock, NULL);
	clock_cond_init(&assignment->wake);
	assignment->group = group != NULL;
	rc = take_names(assignment, topics, err);
	if (rc == 0)
		rc = client_conf(settings, defaults, musts, assignment, &conf,
				 err);
	if (rc)
		goto fail;
	if (group && rd_kafka_conf_set(conf, "group.id", group, why,
				       sizeof(why)) != RD_KAFKA_CONF_OK) {
		rd_kafka_conf_destroy(conf);
		rc =
		    err_set(err, WEIR_USAGE, 0,
			    "librdkafka does not take the group \"%s\"", group);
		goto fail;
	}
	/* In a group, librdkafka finds the topics that match. */
	if (group && !means_own_topics(assignment))
		rd_kafka_conf_set(conf, "topic.blacklist", "^__", why,
				  sizeof(why));
	if (group) {
		rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
		rd_kafka_conf_set_offset_commit_cb(conf, on_published);
	}
	rc = client_new(RD_KAFKA_CONSUMER, conf, &assignment->rk, err);
	if (rc == 0)
		rc = look_first(assignment, topics, err);
	if (rc)
		goto fail;
	*out = assignment;
	return 0;
fail:
	assignment_free(assignment);
	return rc;
}

int
assignment_start(struct assignment *assignment, struct err *err)
{
	return assignment->group ? join(assignment, err)
				 : start_looking(assignment, err);
}

/*
 * rd_kafka_consumer_close() would wait for a broker for as long as it takes.
 * False: it has not left, and librdkafka would wait in its end, too.
 */
static bool
leave_group(struct assignment *assignment)
{
	int64_t deadline = clock_steady_ns() + PUBLISH_MS * INT64_C(1000000);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(assignment->rk);
	rd_kafka_error_t *error =
	    rd_kafka_consumer_close_queue(assignment->rk, queue);
	bool left = error != NULL; /* it was closed already */

	if (error)
		rd_kafka_error_destroy(error);
	while (!left && clock_steady_ns() < deadline) {
		rd_kafka_queue_poll_callback(queue, LEAVE_STEP_MS);
		left = rd_kafka_consumer_closed(assignment->rk);
	}
	rd_kafka_queue_destroy(queue);
	return left;
}

void
assignment_free(struct assignment *assignment)
{
	if (!assignment)
		return;
	if (assignment->running) {
		pthread_mutex_lock(&assignment->lock);
		assignment->stopping = true;
		pthread_cond_signal(&assignment->wake);
		pthread_mutex_unlock(&assignment->lock);
		pthread_join(assignment->thread, NULL);
	}
	assignment->leaving = true;
	if (assignment->pending)
		settle_group(assignment);
	/* Its threads still use what is here: it goes with the process. */
	if (assignment->rk && assignment->group && !leave_group(assignment)) {
		atomic_store(&assignment->shared.hushed, 1);
		return;
	}
	if (assignment->rk) {
		if (assignment->cluster_id)
			rd_kafka_mem_free(assignment->rk,
					  assignment->cluster_id);
		rd_kafka_destroy_flags(assignment->rk,
				       RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	}
	if (assignment->is_regex)
		regfree(&assignment->regex);
	for (unsigned i = 0; i < assignment->names_len; i++)
		free(assignment->names[i]);
	free(assignment->names);
	topics_release(&assignment->known);
	topics_release(&assignment->found);
	free(assignment->changes);
	pthread_mutex_destroy(&assignment->lock);
	pthread_cond_destroy(&assignment->wake);
	free(assignment);
}
