#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "kafka/release.h"

#define WORTH 64 /* so few are freed sooner than somebody is woken */

struct release {
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t given, freed;
	bool ended;
	size_t waiting; /* messages of the array that is not being filled */
	unsigned filling;
	rd_kafka_message_t *arrays[2][RELEASE_MAX];
};

static void
free_all(rd_kafka_message_t **messages, size_t len)
{
	for (size_t i = 0; i < len; i++)
		rd_kafka_message_destroy(messages[i]);
}

static void *
release_main(void *arg)
{
	struct release *r = arg;

	pthread_setname_np(pthread_self(), "weir-release");
	pthread_mutex_lock(&r->lock);
	while (!r->ended || r->waiting) {
		rd_kafka_message_t **full = r->arrays[!r->filling];
		size_t len = r->waiting;

		if (len == 0) {
			pthread_cond_wait(&r->given, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		free_all(full, len);
		pthread_mutex_lock(&r->lock);
		r->waiting = 0;
		pthread_cond_signal(&r->freed);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int
release_new(struct release **out, struct err *err)
{
	struct release *r = xcalloc(1, sizeof(*r));
	int rc;

	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->given, NULL);
	pthread_cond_init(&r->freed, NULL);
	rc = pthread_create(&r->thread, NULL, release_main, r);
	if (rc) {
		free(r);
		return err_set(err, WEIR_SYSTEM, rc,
			       "cannot start a thread that frees messages");
	}
	*out = r;
	return 0;
}

void
release_free(struct release *release)
{
	if (!release)
		return;
	pthread_mutex_lock(&release->lock);
	release->ended = true;
	pthread_cond_signal(&release->given);
	pthread_mutex_unlock(&release->lock);
	pthread_join(release->thread, NULL);
	pthread_cond_destroy(&release->given);
	pthread_cond_destroy(&release->freed);
	pthread_mutex_destroy(&release->lock);
	free(release);
}

rd_kafka_message_t **
release_array(struct release *release)
{
	return release->arrays[release->filling];
}

void
release_give(struct release *release, size_t len)
{
	if (len < WORTH) {
		free_all(release_array(release), len);
		return;
	}
	pthread_mutex_lock(&release->lock);
	while (release->waiting)
		pthread_cond_wait(&release->freed, &release->lock);
	release->filling = !release->filling;
	release->waiting = len;
	pthread_cond_signal(&release->given);
	pthread_mutex_unlock(&release->lock);
}
