/*
 * What librdkafka reports and what people read; and what a client says about a
 * broker that does not speak as it should.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "kafka/assignment.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/rdkafka-door.h"

#define AUTH RD_KAFKA_RESP_ERR__AUTHENTICATION
#define SSL_ RD_KAFKA_RESP_ERR__SSL
#define LOST RD_KAFKA_RESP_ERR__TRANSPORT

/* As librdkafka 2.0.2 says it of Apache Kafka 3.7. */
static const struct {
	int code;
	const char *reason, *sentence;
	bool lasting;
} cases[] = {
    {AUTH,
     "sasl_ssl://127.0.0.1:9093/bootstrap: SASL authentication error: "
     "Authentication failed: Invalid username or password (after 304ms in "
     "state AUTH_REQ)",
     "the broker 127.0.0.1:9093 refuses the login: Authentication failed: "
     "Invalid username or password; check sasl.username and sasl.password",
     true},
    {AUTH,
     "sasl_ssl://k.example:9093/2: SASL authentication error: Authentication "
     "failed during authentication due to invalid credentials with SASL "
     "mechanism SCRAM-SHA-256 (after 307ms in state AUTH_REQ, 1 identical "
     "error(s) suppressed)",
     "the broker k.example:9093 refuses the login: Authentication failed "
     "during authentication due to invalid credentials with SASL mechanism "
     "SCRAM-SHA-256; check sasl.username and sasl.password",
     true},
    {AUTH,
     "sasl_plaintext://127.0.0.1:9094/bootstrap: SASL OAUTHBEARER mechanism "
     "handshake failed: Broker: Unsupported SASL mechanism: broker's supported "
     "mechanisms: PLAIN,SCRAM-SHA-512,SCRAM-SHA-256 (after 301ms in state "
     "AUTH_HANDSHAKE)",
     "the broker 127.0.0.1:9094 does not offer this SASL mechanism, but "
     "PLAIN,SCRAM-SHA-512,SCRAM-SHA-256; check sasl.mechanism",
     true},
    {AUTH,
     "sasl_plaintext://127.0.0.1:9092/bootstrap: SASL PLAIN mechanism "
     "handshake failed: Broker: Request not valid in current SASL state: "
     "broker's supported mechanisms:  (after 1ms in state AUTH_HANDSHAKE)",
     "the broker 127.0.0.1:9092 takes no login there; check "
     "security.protocol, or the port",
     true},
    {SSL_,
     "sasl_ssl://127.0.0.1:9093/bootstrap: SSL handshake failed: "
     "error:0A000086:SSL routines::certificate verify failed: broker "
     "certificate could not be verified, verify that ssl.ca.location is "
     "correctly configured or root CA certificates are installed (install "
     "ca-certificates package) (after 11ms in state SSL_HANDSHAKE)",
     "the TLS connection to 127.0.0.1:9093 failed: certificate verify failed; "
     "check ssl.ca.location, and that the broker's certificate is for this "
     "address",
     true},
    {LOST,
     "ssl://127.0.0.1:9094/bootstrap: Receive failed: error:0A000412:SSL "
     "routines::sslv3 alert bad certificate: SSL alert number 42 (after 0ms "
     "in state APIVERSION_QUERY)",
     "the broker 127.0.0.1:9094 refuses the TLS connection: bad certificate; "
     "check ssl.certificate.location and ssl.key.location",
     true},
    {SSL_,
     "ssl://127.0.0.1:9092/bootstrap: SSL handshake failed: "
     "error:0A000126:SSL routines::unexpected eof while reading (after 2ms in "
     "state SSL_HANDSHAKE)",
     "the broker 127.0.0.1:9092 does not speak TLS there; check "
     "security.protocol, or the port",
     false},
    {SSL_,
     "ssl://127.0.0.1:9092/bootstrap: SSL handshake failed: "
     "error:0A000102:SSL routines::unsupported protocol (after 2ms in state "
     "SSL_HANDSHAKE)",
     "the TLS connection to 127.0.0.1:9092 failed: unsupported protocol; "
     "check security.protocol and the settings that begin with ssl",
     true},
    {LOST,
     "127.0.0.1:9093/bootstrap: Disconnected while requesting ApiVersion: "
     "might be caused by incorrect security.protocol configuration "
     "(connecting to a SSL listener?) or broker version is < 0.10 (see "
     "api.version.request) (after 1ms in state APIVERSION_QUERY)",
     "the broker 127.0.0.1:9093 closes the connection; it may want TLS: check "
     "security.protocol, or the port",
     false},
    {LOST,
     "127.0.0.1:9094/bootstrap: Disconnected: verify that security.protocol "
     "is correctly configured, broker might require SASL authentication "
     "(after 298ms in state UP)",
     "the broker 127.0.0.1:9094 closes the connection; it may want a login: "
     "check security.protocol, or the port",
     false},
    {LOST,
     "[::1]:9092/bootstrap: Connect to ipv6#[::1]:9092 failed: Connection "
     "refused (after 0ms in state CONNECT)",
     "no broker answers at [::1]:9092 (Connection refused); check the "
     "address, or whether it is running",
     false},
    {RD_KAFKA_RESP_ERR__RESOLVE,
     "nonesuch.invalid:9092/bootstrap: Failed to resolve "
     "'nonesuch.invalid:9092': Name or service not known (after 1ms in state "
     "CONNECT)",
     "no broker answers at nonesuch.invalid:9092 (Name or service not known); "
     "check the address",
     false},
    {LOST, "127.0.0.1:9092/1: Disconnected (after 5001ms in state UP)",
     "the connection to the broker 127.0.0.1:9092 is lost (Disconnected); "
     "check whether it is running",
     false},
};

static void
reasons_become_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct problem problem;

		assert_true(
		    problem_explain(cases[i].code, cases[i].reason, &problem));
		assert_string_equal(problem.text, cases[i].sentence);
		assert_int_equal(problem.patience_ms == 0, cases[i].lasting);
	}
}

static void
other_reasons_are_left_alone(void **state)
{
	static const char *const none[] = {
	    "", ":", " ", "x", "1/1 brokers are down", "a/b", "/: x", "://: x",
	};
	struct problem problem = {.text = "as it was"};
	char text[64], reason[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_false(problem_explain(LOST, none[i], &problem));
	assert_string_equal(problem.text, "as it was");
	/* Of any length. */
	memset(reason, 'a', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	assert_false(problem_explain(LOST, reason, &problem));
	memcpy(reason + 1000, "/1: ", 4);
	assert_true(problem_explain(LOST, reason, &problem));
	assert_true(strlen(problem.text) < sizeof(problem.text));
	problem_shorten("ssl.key.location failed: error:05800074:x509 "
			"certificate routines::key values mismatch",
			text, sizeof(text));
	assert_string_equal(text,
			    "ssl.key.location failed: key values mismatch");
	problem_shorten("plain", text, sizeof(text));
	assert_string_equal(text, "plain");
}

/* What is wrong is told while it is, and not when others make up for it. */
static void
problems_come_and_go(void **state)
{
	struct kafka_settings settings = {.brokers = (char[]){"127.0.0.1:1"}};
	struct kafka_shared shared = {0};
	rd_kafka_conf_t *conf;
	rd_kafka_t *rk;
	char text[PROBLEM_TEXT_MAX];
	struct err err;

	(void)state;
	assert_int_equal(
	    client_conf(&settings, NULL, NULL, &shared, &conf, &err), 0);
	assert_int_equal(client_new(RD_KAFKA_PRODUCER, conf, &rk, &err), 0);
	assert_false(client_said(&shared, text, sizeof(text)));
	assert_string_equal(text, "");
	/* One broker of several. */
	client_problem(&shared, LOST, cases[10].reason);
	assert_false(client_said(&shared, text, sizeof(text)));
	client_problem(&shared, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1");
	assert_true(client_said(&shared, text, sizeof(text)));
	assert_string_equal(text, cases[10].sentence);
	client_recovered(&shared);
	assert_false(client_said(&shared, text, sizeof(text)));
	assert_string_equal(text, "");
	/* All of them, and nobody said why. */
	client_problem(&shared, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1");
	assert_true(client_said(&shared, text, sizeof(text)));
	assert_non_null(strstr(text, "no broker answers at 127.0.0.1:1;"));
	client_recovered(&shared);
	/* A login that is refused does not get better. */
	client_problem(&shared, AUTH, cases[0].reason);
	assert_true(client_said(&shared, text, sizeof(text)));
	assert_string_equal(text, cases[0].sentence);
	assert_false(client_refused(&shared));
	client_recovered(&shared);
	/* Messages that fail for other reasons are not for people. */
	client_problem(&shared, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "");
	assert_false(client_said(&shared, text, sizeof(text)));
	snprintf(shared.topic, sizeof(shared.topic), "top");
	client_problem(&shared, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		       "");
	assert_true(client_refused(&shared));
	assert_true(client_said(&shared, text, sizeof(text)));
	assert_non_null(strstr(text, "does not let this user write to the "
				     "topic top;"));
	/* Not hidden by what comes of it. */
	client_problem(&shared, LOST, cases[10].reason);
	assert_true(client_refused(&shared));
	client_recovered(&shared);
	assert_false(client_refused(&shared));
	rd_kafka_destroy(rk);
}

/* ---- A server that is no broker ---- */

static void *
answer_nonsense(void *arg)
{
	int listener = *(int *)arg;
	char question[1024];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		if (read(fd, question, sizeof(question)) > 0)
			assert_true(write(fd, "HTTP/1.1 400 Bad\r\n\r\n", 20) ==
				    20);
		close(fd);
	}
}

static void
a_tls_client_at_another_server(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof(at);
	struct kafka_settings settings = {0};
	struct assignment *assignment;
	struct producer *producer;
	char address[32];
	pthread_t thread;
	struct err err = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(at.sin_port));
	assert_int_equal(pthread_create(&thread, NULL, answer_nonsense, &fd),
			 0);
	kafka_settings_brokers(&settings, KAFKA_OPTION, address);
	assert_int_equal(kafka_settings_add(&settings, KAFKA_OPTION,
					    "security.protocol=SSL", &err),
			 0);
	assert_int_equal(kafka_topic_create(&settings, "t", 1, 0, &err),
			 WEIR_KAFKA);
	assert_non_null(strstr(err.text, "does not speak TLS there"));
	assert_non_null(strstr(err.text, address));
	memset(&err, 0, sizeof(err));
	assert_int_equal(
	    assignment_new(&settings, "t", NULL, &assignment, &err),
	    WEIR_KAFKA);
	assert_non_null(strstr(err.text, "does not speak TLS there"));
	memset(&err, 0, sizeof(err));
	assert_int_equal(
	    producer_new(&settings, "t", 1 << 20, false, &producer, &err),
	    WEIR_KAFKA);
	assert_non_null(strstr(err.text, "does not speak TLS there"));
	kafka_settings_release(&settings);
	shutdown(fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(fd);
}

static void
clients_that_cannot_be(void **state)
{
	static const struct {
		const char *settings[4];
		const char *says;
	} wrong[] = {
	    {{"security.protocol=SSL", "ssl.ca.location=/no/such/file"},
	     "cannot read the file of ssl.ca.location, /no/such/file: No such "
	     "file"},
	    {{"security.protocol=SSL", "ssl.ca.location=/dev/null"},
	     "it takes certificates in PEM"},
	    {{"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN"},
	     "sasl.username and sasl.password must be set"},
	    {{"security.protocol=SASL_PLAINTEXT", "sasl.username=a",
	      "sasl.password=hunter2"},
	     "give sasl.mechanism PLAIN"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct kafka_settings settings = {0};
		struct consumer *consumer;
		struct err err = {0};

		kafka_settings_brokers(&settings, KAFKA_OPTION, "127.0.0.1:1");
		for (unsigned j = 0; wrong[i].settings[j]; j++)
			assert_int_equal(
			    kafka_settings_add(&settings, KAFKA_OPTION,
					       wrong[i].settings[j], &err),
			    0);
		assert_true(consumer_new(&settings, 1 << 20, 4, false,
					 &consumer, &err) < 0);
		if (!strstr(err.text, wrong[i].says))
			fail_msg("says \"%s\"", err.text);
		assert_null(strstr(err.text, "hunter2"));
		kafka_settings_release(&settings);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reasons_become_sentences),
	    cmocka_unit_test(other_reasons_are_left_alone),
	    cmocka_unit_test(problems_come_and_go),
	    cmocka_unit_test(a_tls_client_at_another_server),
	    cmocka_unit_test(clients_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
