#include <stdio.h>
#include <string.h>

#include "kafka/problem.h"
#include "kafka/rdkafka-door.h"

#define WAIT_MS  10000 /* for a broker that is about to start */
#define DOUBT_MS 3000  /* it may be that, or a setting */

#define CODE_ANY 0

/*
 * The first that fits counts. The sentence is front, the broker's address,
 * middle, and, unless end is NULL, the part of the reason that tells something,
 * and end.
 */
static const struct {
	int code;
	const char *has;    /* NULL: any reason */
	const char *behind; /* the part is behind this; NULL: all of it */
	int patience_ms;
	const char *front, *middle, *end;
} kinds[] = {
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "Unsupported SASL mechanism",
     "supported mechanisms: ", 0, "the broker ",
     " does not offer this SASL mechanism, but ", "; check sasl.mechanism"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "not valid in current SASL state", NULL,
     0, "the broker ",
     " takes no login there; check security.protocol, or the port", NULL},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, NULL, "SASL authentication error: ", 0,
     "the broker ",
     " refuses the login: ", "; check sasl.username and sasl.password"},
    {CODE_ANY, "certificate verify failed", NULL, 0, "the TLS connection to ",
     " failed: certificate verify failed; check ssl.ca.location, and that the "
     "broker's certificate is for this address",
     NULL},
    {CODE_ANY, ":unexpected eof while reading", NULL, DOUBT_MS, "the broker ",
     " does not speak TLS there; check security.protocol, or the port", NULL},
    {CODE_ANY, ":wrong version number", NULL, 0, "the broker ",
     " does not speak TLS there; check security.protocol, or the port", NULL},
    {CODE_ANY, ": SSL alert number", " alert ", 0, "the broker ",
     " refuses the TLS connection: ",
     "; check ssl.certificate.location and ssl.key.location"},
    {RD_KAFKA_RESP_ERR__SSL, NULL, ": ", 0, "the TLS connection to ",
     " failed: ",
     "; check security.protocol and the settings that begin with ssl"},
    {CODE_ANY, "while requesting ApiVersion", NULL, DOUBT_MS, "the broker ",
     " closes the connection; it may want TLS: check security.protocol, or "
     "the port",
     NULL},
    {CODE_ANY, "might require SASL", NULL, DOUBT_MS, "the broker ",
     " closes the connection; it may want a login: check security.protocol, "
     "or the port",
     NULL},
    {RD_KAFKA_RESP_ERR__RESOLVE, NULL, "': ", WAIT_MS, "no broker answers at ",
     " (", "); check the address"},
    {CODE_ANY, "Connect to ", " failed: ", WAIT_MS, "no broker answers at ",
     " (", "); check the address, or whether it is running"},
    {CODE_ANY, NULL, NULL, WAIT_MS, "the connection to the broker ",
     " is lost (", "); check whether it is running"},
};

/*
 * librdkafka puts the broker in front: "sasl_ssl://127.0.0.1:9093/bootstrap: ",
 * "127.0.0.1:9092/1: ". Returns what is behind it, NULL when it is not there.
 */
static const char *
cut_address(const char *reason, char *address, size_t size)
{
	size_t word = strcspn(reason, " ");
	const char *scheme = strstr(reason, "://"), *slash;

	if (word < 2 || reason[word] != ' ' || reason[word - 1] != ':')
		return NULL;
	if (scheme && scheme < reason + word)
		word -= (size_t)(scheme + 3 - reason), reason = scheme + 3;
	slash = memchr(reason, '/', word);
	if (!slash || slash == reason)
		return NULL;
	snprintf(address, size, "%.*s", (int)(slash - reason), reason);
	return reason + word + 1;
}

/* "(after 5ms in state CONNECT, 1 identical error(s) suppressed)" */
static void
cut_circumstances(char *text)
{
	char *after = NULL;

	for (char *at = text; (at = strstr(at, " (after ")); at++)
		after = at;
	if (after)
		*after = '\0';
}

void
problem_shorten(const char *reason, char *to, size_t size)
{
	const char *code = strstr(reason, "error:"), *last = NULL;

	for (const char *at = code; at && (at = strstr(at, "::")); at += 2)
		last = at + 2;
	if (last)
		snprintf(to, size, "%.*s%s", (int)(code - reason), reason,
			 last);
	else
		snprintf(to, size, "%s", reason);
}

/* The last part of an OpenSSL alert is its number. */
static void
cut_alert_number(char *text)
{
	char *number = strstr(text, ": SSL alert number");

	if (number)
		*number = '\0';
}

bool
problem_explain(int code, const char *reason, struct problem *problem)
{
	char address[128], rest[PROBLEM_TEXT_MAX], shorter[256];
	const char *what = cut_address(reason, address, sizeof(address));
	const char *found;
	size_t i = 0;

	if (!what)
		return false;
	snprintf(rest, sizeof(rest), "%s", what);
	cut_circumstances(rest);
	while ((kinds[i].code != CODE_ANY && kinds[i].code != code) ||
	       (kinds[i].has && !strstr(rest, kinds[i].has)))
		i++;
	what = rest;
	found = kinds[i].behind ? strstr(rest, kinds[i].behind) : NULL;
	if (found)
		what = found + strlen(kinds[i].behind);
	problem_shorten(what, shorter, sizeof(shorter));
	cut_alert_number(shorter);
	problem->patience_ms = kinds[i].patience_ms;
	snprintf(problem->text, sizeof(problem->text), "%s%s%s%s%s",
		 kinds[i].front, address, kinds[i].middle,
		 kinds[i].end ? shorter : "", kinds[i].end ? kinds[i].end : "");
	return true;
}
