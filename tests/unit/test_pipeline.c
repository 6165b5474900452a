/*
 * Pipeline files: every rule with the exact words and the line of its error,
 * as one edit each of a file that is right; and what a right file becomes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/random.h"
#include "pipeline/nearest.h"
#include "pipeline/pipeline.h"

static const char base[] =
    "{\n"
    "  \"name\": \"shop\",\n"
    "  \"topic\": {\"name\": \"shop.events\", \"key\": \"user\"},\n"
    "  \"event\": {\n" /* 4 */
    "    \"time\": \"at\",\n"
    "    \"fields\": {\n"
    "      \"user\": {\"type\": \"string\", \"path\": \"who.id\", "
    "\"max_length\": 40},\n"
    "      \"kind\": {\"type\": \"string\", \"one_of\": [\"a\", \"bb\"]},\n"
    "      \"at\": {\"type\": \"time\", \"unit\": \"s\"},\n"
    "      \"price\": {\"type\": \"number\", \"min\": 0, \"max\": 99.5},\n"
    "      \"units\": {\"type\": \"integer\", \"optional\": true},\n" /* 11 */
    "      \"gift\": {\"type\": \"boolean\", \"optional\": true},\n"
    "      \"note\": {\"type\": \"string\", \"optional\": true}\n"
    "    }\n"
    "  },\n"
    "  \"tables\": {\n" /* 16 */
    "    \"users\": {\"by\": [\"user\"],\n"
    "      \"measures\": {\"n\": \"count\", \"paid\": {\"sum\": \"price\"}},\n"
    "      \"rank\": \"paid\"},\n"
    "    \"minute\": {\"by\": [\"user\"], \"measures\": {\"n\": \"count\"},\n"
    "      \"window\": {\"tumbling\": \"1m\"}},\n" /* 21 */
    "    \"kinds\": {\"by\": [\"kind\", \"gift\"],\n"
    "      \"measures\": {\"top\": {\"maximum\": \"units\"}}}\n"
    "  },\n"
    "  \"panels\": [\n" /* 25 */
    "    {\"kind\": \"extremes\", \"table\": \"users\"},\n"
    "    {\"kind\": \"series\"}\n"
    "  ],\n"
    "  \"generator\": {\n" /* 29 */
    "    \"rate\": 50,\n"
    "    \"fields\": {\n"
    "      \"user\": {\"zipf\": 1.5, \"count\": 1000, \"format\": "
    "\"u%04d\"},\n"
    "      \"kind\": {\"weights\": {\"a\": 1, \"bb\": 2.5}},\n"
    "      \"price\": {\"uniform\": [0, 99]},\n" /* 34 */
    "      \"units\": {\"sequence\": [-2, 2]},\n"
    "      \"gift\": {\"constant\": true}\n"
    "    }\n"
    "  }\n"
    "}\n";

/* What stands in the file, what is put there instead, and the error. */
static const struct {
	const char *from, *to, *error;
} wrong[] = {
    /* The file. */
    {base, "[]", "f:1: must be an object, not an array"},
    {base, "{\"name\": 1", "f:1: the file ends where ',' or '}' was expected"},
    {"\"name\": \"shop\"", "\"nome\": \"shop\"",
     "f:2: nome: no key \"nome\"; did you mean \"name\"?"},
    {"\"name\": \"shop\"", "\"alert\": []",
     "f:2: alert: no key \"alert\"; did you mean \"alerts\"?"},
    {"\"name\": \"shop\"", "\"zzz\": 1",
     "f:2: zzz: no key \"zzz\"; there is \"name\", \"topic\", \"event\", "
     "\"tables\", \"panels\", \"generator\", "
     "\"$schema\", \"dead_letters\", ..."},
    {"  \"name\": \"shop\",\n", "", "f:1: needs \"name\""},
    {"  \"name\"",
     "\"dead_letters\": {\"topic\": \"d\", \"format\": \"json\"}, \"name\"",
     NULL},
    {"  \"name\"", "\"dead_letters\": {\"format\": \"json\"}, \"name\"",
     "f:2: dead_letters: needs \"topic\""},
    {"  \"name\"",
     "\"dead_letters\": {\"topic\": \"d\", \"format\": \"jsn\"}, \"name\"",
     "f:2: dead_letters.format: no format \"jsn\"; did you mean \"json\"?"},
    {"  \"name\"",
     "\"dead_letters\": {\"topic\": \"d\", \"format\": 1}, \"name\"",
     "f:2: dead_letters.format: must be a string, not a number"},
    {"\"rate\": 50,\n    \"fields\"", "\"fields\"", NULL},
    {"  \"name\"", "\"$schema\": \"x\", \"name\"", NULL},
    {"  \"name\"", "\"$schema\": 1, \"name\"",
     "f:2: $schema: must be a string, not a number"},
    {"\"shop\"", "7", "f:2: name: must be a string, not a number"},
    {"\"shop\"", "\"9shop\"",
     "f:2: name: \"9shop\" is no name: letters, digits and \"_.-\", not "
     "beginning with a digit, '.' or '-'"},
    {"\"shop\"", "\"\"",
     "f:2: name: \"\" is no name: letters, digits and \"_.-\", not beginning "
     "with a digit, '.' or '-'"},
    {"\"shop\"",
     "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
     "f:2: name: this name is longer than 63 bytes"},

/* Alerts. */
#define RULE(text)     "  \"alerts\": [" text "],\n  \"name\": \"shop\",\n"
#define NAME           "  \"name\": \"shop\",\n"
#define KINDS_TOP      "{\"top\": {\"maximum\": \"units\"}}}\n  },\n"
#define KINDS_DISTINCT "{\"top\": {\"distinct\": \"note\"}}}\n  },\n"
#define HOT            "{\"name\": \"hot\", \"table\": \"minute\", "
    {NAME, RULE(""), NULL},
    {NAME, RULE(HOT "\"above\": 5, \"clear_below\": 5}"), NULL},
    {NAME, RULE(HOT "\"message\": \"{key} {{x}}\", \"below\": 5}"), NULL},
    {NAME, RULE("{\"table\": \"minute\", \"above\": 1}"),
     "f:2: alerts[0]: needs \"name\""},
    {NAME, RULE("{\"name\": \"\", \"flow\": \"lag\", \"above\": 1}"),
     "f:2: alerts[0].name: an alert's name is 1 to 63 bytes without control "
     "characters, and without a space at its ends"},
    {NAME, RULE("{\"name\": \"a\\u009b\", \"flow\": \"lag\"}"),
     "f:2: alerts[0].name: an alert's name is 1 to 63 bytes without control "
     "characters, and without a space at its ends"},
    {NAME,
     RULE("{\"name\": \"a\", \"flow\": \"lag\", \"above\": 1}, "
	  "{\"name\": \"a\", \"flow\": \"rate\", \"above\": 1}"),
     "f:2: alerts[1].name: there is an alert of this name already"},
    {NAME, RULE("{\"name\": \"a\", \"above\": 1}"),
     "f:2: alerts[0]: needs either \"table\" or \"flow\""},
    {NAME, RULE("{\"name\": \"a\", \"table\": \"minuet\"}"),
     "f:2: alerts[0].table: no table \"minuet\"; did you mean \"minute\"?"},
    {NAME, RULE("{\"name\": \"a\", \"flow\": \"lags\", \"above\": 1}"),
     "f:2: alerts[0].flow: no flow \"lags\"; did you mean \"lag\"?"},
    {NAME, RULE(HOT "\"measure\": \"m\", \"above\": 1}"),
     "f:2: alerts[0].measure: no measure \"m\"; there is \"n\""},
    {NAME, RULE(HOT "\"summary\": \"keys\", \"measure\": \"n\"}"),
     "f:2: alerts[0].summary: goes without \"measure\": it is of the one that "
     "ranks"},
    {NAME,
     RULE("{\"name\": \"a\", \"table\": \"kinds\", \"summary\": "
	  "\"average\", \"above\": 1}"),
     "f:2: alerts[0].summary: there is no average: table \"kinds\" is ranked "
     "by a maximum"},
    {KINDS_TOP,
     KINDS_DISTINCT "  \"alerts\": [{\"name\": \"a\", \"table\": "
		    "\"kinds\", \"summary\": \"average\", \"above\": 1}],\n",
     NULL},
    {KINDS_TOP,
     KINDS_DISTINCT "  \"alerts\": [{\"name\": \"a\", \"table\": "
		    "\"kinds\", \"summary\": \"total\", \"above\": 1}],\n",
     "f:25: alerts[0].summary: there is no total: keys of table \"kinds\" can "
     "have values in common"},
    {KINDS_TOP "  \"panels\": [\n",
     KINDS_DISTINCT "  \"panels\": [\n"
		    "{\"kind\": \"share\", \"table\": \"kinds\"},\n",
     "f:26: panels[0].table: keys of table \"kinds\" can have values in "
     "common, "
     "so they are no shares of a whole"},
    {NAME, RULE("{\"name\": \"a\", \"flow\": \"lag\", \"over\": \"9s\"}"),
     "f:2: alerts[0].over: is for \"rate\", \"dead_share\" and "
     "\"schema_changes\""},
    {NAME, RULE("{\"name\": \"a\", \"flow\": \"lag\"}"),
     "f:2: alerts[0]: needs one of \"above\", \"below\", \"change\""},
    {NAME, RULE(HOT "\"above\": 5, \"below\": 1}"),
     "f:2: alerts[0].below: needs either \"above\" or \"below\""},
    {NAME, RULE(HOT "\"above\": 5, \"clear_above\": 1}"),
     "f:2: alerts[0].clear_above: goes with \"below\""},
    {NAME, RULE(HOT "\"above\": 5, \"clear_below\": 6}"),
     "f:2: alerts[0].clear_below: must not be more than \"above\""},
    {NAME, RULE(HOT "\"below\": 5, \"clear_above\": 4}"),
     "f:2: alerts[0].clear_above: must not be less than \"below\""},
    {NAME, RULE(HOT "\"above\": 5, \"armed\": false}"), NULL},
    {NAME, RULE(HOT "\"above\": 5, \"armed\": \"no\"}"),
     "f:2: alerts[0].armed: must be true or false"},
    {NAME, RULE("{\"name\": \"a\", \"table\": \"users\", \"change\": {}}"),
     "f:2: alerts[0].change: compares windows: the rule needs a table that has "
     "one"},
    {NAME, RULE(HOT "\"change\": {\"windows\": 60, \"above\": 2}}"), NULL},
    {NAME, RULE(HOT "\"change\": {\"windows\": 61, \"above\": 2}}"),
     "f:2: alerts[0].change.windows: must be a whole number from 1 to 60"},
    {NAME, RULE(HOT "\"change\": {\"windows\": 5, \"above\": 0}}"),
     "f:2: alerts[0].change: the limit of a change is a ratio: 2.0 is twice "
     "the average"},
    {NAME,
     RULE(HOT "\"above\": 1, \"change\": {\"windows\": 5, \"above\": 2}}"),
     "f:2: alerts[0].above: belongs into \"change\", or \"change\" has to go"},
    {NAME, RULE(HOT "\"above\": 5, \"message\": \"{kez}\"}"),
     "f:2: alerts[0].message: no placeholder \"kez\"; did you mean \"key\"?"},
    {NAME, RULE(HOT "\"above\": 5, \"message\": \"{key\"}"),
     "f:2: alerts[0].message: a '{' without its '}'; \"{{\" stands for a "
     "brace"},
    {NAME, RULE(HOT "\"above\": 5, \"severity\": \"warn\"}"),
     "f:2: alerts[0].severity: no severity \"warn\"; did you mean "
     "\"warning\"?"},
    {NAME, RULE(HOT "\"above\": 5, \"for\": 3}"),
     "f:2: alerts[0].for: must be a duration such as \"500ms\", \"10s\", "
     "\"1m\", \"2h\" or \"1d\""},
    {"  \"name\"", "\"alerts_topic\": true, \"name\"", NULL},
    {"  \"name\"", "\"alerts_topic\": \"shop.events\", \"name\"",
     "f:2: alerts_topic: is the topic that is watched"},

    /* The topic. */
    {"\"name\": \"shop.events\", ", "", "f:3: topic: needs \"name\""},
    {"shop.events", "shop events",
     "f:3: topic.name: is no topic name: 1 to 249 letters, digits and "
     "\"._-\", not \".\" or \"..\""},
    {"shop.events", "..",
     "f:3: topic.name: is no topic name: 1 to 249 letters, digits and "
     "\"._-\", not \".\" or \"..\""},
    {"\"key\": \"user\"", "\"partitions\": 0",
     "f:3: topic.partitions: must be a whole number from 1 to 1024"},
    {"\"key\": \"user\"", "\"partitions\": 4.0",
     "f:3: topic.partitions: must be a whole number from 1 to 1024"},
    {"\"key\": \"user\"", "\"retention\": \"500ms\"",
     "f:3: topic.retention: must be a duration from 1s to 366d"},
    {"\"key\": \"user\"", "\"retention\": \"always\"",
     "f:3: topic.retention: must be \"forever\", or a duration such as "
     "\"24h\" or \"7d\""},
    {"\"key\": \"user\"", "\"retention\": -1",
     "f:3: topic.retention: must be \"forever\", or a duration such as "
     "\"24h\" or \"7d\""},
    {"\"key\": \"user\"", "\"key\": \"usr\"",
     "f:3: topic.key: no field \"usr\"; did you mean \"user\"?"},
    {"\"key\": \"user\"", "\"key\": \"at\"",
     "f:3: topic.key: a key is made of string, integer and boolean fields; "
     "\"at\" is of type time"},

    /* The event. */
    {"\"time\": \"at\"", "\"time\": \"att\"",
     "f:5: event.time: no field \"att\"; did you mean \"at\"?"},
    {"\"time\": \"at\"", "\"time\": \"price\"",
     "f:5: event.time: the event time must be a time field; \"price\" is of "
     "type number"},
    {"\"unit\": \"s\"", "\"optional\": true",
     "f:5: event.time: every event needs a time; \"at\" must not be "
     "optional"},
    {"\"time\": \"at\"", "\"time\": \"at\", \"max_bytes\": 1",
     "f:5: event.max_bytes: must be a whole number from 2 to 67108864"},
    {"\"time\": \"at\"", "\"time\": \"at\", \"future\": 10",
     "f:5: event.future: must be a duration such as \"500ms\", \"10s\", "
     "\"1m\", \"2h\" or \"1d\""},
    {"\"time\": \"at\"", "\"time\": \"at\", \"future\": \"1y\"",
     "f:5: event.future: must be a duration such as \"500ms\", \"10s\", "
     "\"1m\", \"2h\" or \"1d\""},
    {"\"time\": \"at\"", "\"time\": \"at\", \"future\": \"-1s\"",
     "f:5: event.future: must be a duration such as \"500ms\", \"10s\", "
     "\"1m\", \"2h\" or \"1d\""},
    {"\"time\": \"at\"", "\"time\": \"at\", \"future\": \"99999999999999999d\"",
     "f:5: event.future: must be a duration from 0ms to 366d"},
    {"\"user\": {\"type\": \"string\", ", "\"user\": {",
     "f:7: event.fields.user: needs \"type\""},
    {"\"type\": \"number\"", "\"type\": \"float\"",
     "f:10: event.fields.price.type: no type \"float\"; there is \"string\", "
     "\"integer\", \"number\", \"boolean\", \"time\""},
    {"\"type\": \"number\"", "\"type\": \"Number\"",
     "f:10: event.fields.price.type: no type \"Number\"; did you mean "
     "\"number\"?"},
    {"\"type\": \"number\"", "\"type\": null",
     "f:10: event.fields.price.type: must be a string, not null"},
    {"\"price\": {\"type\"", "\"pri ce\": {\"type\"",
     "f:10: event.fields[\"pri ce\"]: \"pri ce\" is no name: letters, digits "
     "and \"_.-\", not beginning with a digit, '.' or '-'"},
    {"\"max\": 99.5", "\"maxi\": 99.5",
     "f:10: event.fields.price.maxi: no key \"maxi\"; did you mean \"max\"?"},
    {"\"unit\": \"s\"", "\"unit\": \"min\"",
     "f:9: event.fields.at.unit: no unit \"min\"; there is \"s\", \"ms\", "
     "\"us\", \"ns\""},
    {"\"max\": 99.5", "\"unit\": \"s\"",
     "f:10: event.fields.price.unit: is for time fields; this is a number "
     "field"},
    {"\"max\": 99.5", "\"max_length\": 5",
     "f:10: event.fields.price.max_length: is for string fields; this is a "
     "number field"},
    {"\"max_length\": 40", "\"max_length\": 40, \"none_of\": [\"u0001\"]",
     NULL}, /* it may be generated all the same */
    {"\"max_length\": 40", "\"max_length\": 40, \"none_of\": []",
     "f:7: event.fields.user.none_of: is empty: there must be values"},
    {"\"max_length\": 40", "\"max_length\": 4, \"none_of\": [\"u0001\"]",
     "f:7: event.fields.user.none_of[0]: is longer than \"max_length\", 4"},
    {"\"max_length\": 40", "\"max_length\": 40, \"none_of\": [\"x\", \"x\"]",
     "f:7: event.fields.user.none_of[1]: this value is there twice"},
    {"[\"a\", \"bb\"]", "[\"a\", \"bb\"], \"none_of\": [\"c\", \"bb\"]",
     "f:8: event.fields.kind.none_of[1]: this value is in \"one_of\", too"},
    {"\"unit\": \"s\"", "\"none_of\": [\"s\"]",
     "f:9: event.fields.at.none_of: is for string fields; this is a time "
     "field"},
    {"\"integer\", \"optional\": true", "\"integer\", \"one_of\": [\"1\"]",
     "f:11: event.fields.units.one_of: is for string fields; this is an "
     "integer field"},
    {"\"unit\": \"s\"", "\"min\": 1",
     "f:9: event.fields.at.min: is for integer and number fields; this is a "
     "time field"},
    {"\"max\": 99.5", "\"max\": -0.5",
     "f:10: event.fields.price.max: is less than \"min\""},
    {"\"min\": 0", "\"min\": \"0\"",
     "f:10: event.fields.price.min: must be a number, not a string"},
    {"\"integer\", ", "\"integer\", \"min\": 0.5, ",
     "f:11: event.fields.units.min: must be a whole number from "
     "-9007199254740992 to 9007199254740992"},
    {"\"integer\", ", "\"integer\", \"max\": 9007199254740993, ",
     "f:11: event.fields.units.max: must be a whole number from "
     "-9007199254740992 to 9007199254740992"},
    {"\"optional\": true}\n    }", "\"optional\": 1}\n    }",
     "f:13: event.fields.note.optional: must be true or false, not a "
     "number"},
    {"\"max_length\": 40", "\"max_length\": 0",
     "f:7: event.fields.user.max_length: must be a whole number from 1 to "
     "1048576"},
    {"[\"a\", \"bb\"]", "[]",
     "f:8: event.fields.kind.one_of: is empty: there must be values"},
    {"[\"a\", \"bb\"]", "\"a\"",
     "f:8: event.fields.kind.one_of: must be an array, not a string"},
    {"[\"a\", \"bb\"]", "[\"a\",\n1]",
     "f:9: event.fields.kind.one_of[1]: must be a string, not a number"},
    {"[\"a\", \"bb\"]", "[\"a\", \"a\"]",
     "f:8: event.fields.kind.one_of[1]: this value is there twice"},
    {"[\"a\", \"bb\"]", "[\"a\",\n\"bb\"], \"max_length\": 1",
     "f:9: event.fields.kind.one_of[1]: is longer than \"max_length\", 1"},
    {"\"who.id\"", "5",
     "f:7: event.fields.user.path: must be a string, not a "
     "number"},
    {"\"who.id\"", "\"who..id\"",
     "f:7: event.fields.user.path: a key of a path is empty"},
    {"\"who.id\"", "\"\"",
     "f:7: event.fields.user.path: a key of a path is empty"},
    {"\"who.id\"", "[]",
     "f:7: event.fields.user.path: is empty: there must be keys"},
    {"\"who.id\"", "[\"a\", \"\"]",
     "f:7: event.fields.user.path[1]: a key of a path is empty"},
    {"\"who.id\"", "\"a.b.c.d.e.f.g.h.i\"",
     "f:7: event.fields.user.path: a path of more than 8 keys"},
    {"\"bb\"]}", "\"bb\"], \"path\": \"who.id\"}",
     "f:8: event.fields.kind.path: has the same path as \"user\""},
    {"\"bb\"]}", "\"bb\"], \"path\": \"who.id.x\"}",
     "f:8: event.fields.kind.path: its path goes through that of \"user\", "
     "which is no object"},
    {"\"bb\"]}", "\"bb\"], \"path\": \"who\"}",
     "f:8: event.fields.kind.path: its path is an object, in which \"user\" "
     "is"},

    /* Tables. */
    {"\"by\": [\"user\"],\n", "\"by\": [\"usr\"],\n",
     "f:17: tables.users.by[0]: no field \"usr\"; did you mean \"user\"?"},
    {"\"by\": [\"user\"],\n", "\"by\": [],\n",
     "f:17: tables.users.by: is empty: there must be fields"},
    {"\"by\": [\"user\"],\n", "\"by\": \"user\",\n",
     "f:17: tables.users.by: must be an array, not a string"},
    {"\"by\": [\"user\"],\n", "\"by\": [\"price\"],\n",
     "f:17: tables.users.by[0]: a key is made of string, integer and boolean "
     "fields; \"price\" is of type number"},
    {"\"by\": [\"user\"],\n", "\"by\": [\"user\", \"user\"],\n",
     "f:17: tables.users.by[1]: this field is there twice"},
    {"\"by\": [\"user\"],\n",
     "\"by\": [\"user\", \"kind\", \"gift\", \"units\", \"note\"],\n",
     "f:17: tables.users.by: 5 fields are more than 4"},
    /* note: 256 bytes, doubled and ended, and a byte for being optional. */
    {"\"by\": [\"user\"],\n", "\"by\": [\"note\", \"units\"],\n",
     "f:17: tables.users.by: this key can take 524 bytes, and 480 is the "
     "limit; lower \"max_length\" of its fields"},
    {"\"max_length\": 40", "\"max_length\": 481",
     "f:17: tables.users.by: this key can take 481 bytes, and 480 is the "
     "limit; lower \"max_length\" of its fields"},
    {"\"rank\": \"paid\"", "\"rank\": \"pay\"",
     "f:19: tables.users.rank: no measure \"pay\"; did you mean \"paid\"?"},
    {"\"rank\": \"paid\"", "\"ranks\": \"paid\"",
     "f:19: tables.users.ranks: no key \"ranks\"; did you mean \"rank\"?"},
    {"{\"top\": {\"maximum\": \"units\"}}",
     "{\"top\": {\"distinct\": \"note\"}}", NULL},
    {"{\"top\": {\"maximum\": \"units\"}}",
     "{\"top\": {\"distinct\": \"units\", \"approximate\": true}}", NULL},
    {"{\"top\": {\"maximum\": \"units\"}}",
     "{\"top\": {\"distinct\": \"price\"}}",
     "f:23: tables.kinds.measures.top.distinct: what is counted distinct is a "
     "string, integer or boolean field; \"price\" is of type number"},
    {"{\"top\": {\"maximum\": \"units\"}}",
     "{\"top\": {\"distinct\": \"units\", \"approximate\": 1}}",
     "f:23: tables.kinds.measures.top.approximate: must be true or false, not "
     "a number"},
    {"{\"top\": {\"maximum\": \"units\"}}",
     "{\"top\": {\"maximum\": \"units\", \"approximate\": true}}",
     "f:23: tables.kinds.measures.top.approximate: is for \"distinct\" only"},
    /* Window 8, size 2, key 257 and a 00 in front, measure 1, value 256. */
    {"[\"user\"], \"measures\": {\"n\": \"count\"}",
     "[\"note\"], \"measures\": {\"n\": {\"distinct\": \"note\"}}",
     "f:20: tables.minute.measures.n: a value of \"note\" and its row's key "
     "can "
     "take 525 bytes, and 511 is the limit; lower \"max_length\" of their "
     "fields, or add \"approximate\": true"},
    {"[\"user\"], \"measures\": {\"n\": \"count\"}",
     "[\"note\"], \"measures\": {\"n\": {\"distinct\": \"note\", "
     "\"approximate\": true}}",
     NULL},
    {"{\"top\": {\"maximum\": \"units\"}}", "{}",
     "f:23: tables.kinds.measures: is empty: there must be measures"},
    {"{\"top\": {\"maximum\": \"units\"}}", "{\"top\": \"counts\"}",
     "f:23: tables.kinds.measures.top: no measure \"counts\"; did you mean "
     "\"count\"?"},
    {"{\"top\": {\"maximum\": \"units\"}}", "{\"top\": \"sum\"}",
     "f:23: tables.kinds.measures.top: needs a field: {\"sum\": "
     "FIELD}"},
    {"{\"top\": {\"maximum\": \"units\"}}", "{\"top\": 1}",
     "f:23: tables.kinds.measures.top: must be \"count\" or an object such "
     "as {\"sum\": FIELD}"},
    {"{\"maximum\": \"units\"}", "{\"maximal\": \"units\"}",
     "f:23: tables.kinds.measures.top.maximal: no key \"maximal\"; did you "
     "mean \"maximum\"?"},
    {"{\"maximum\": \"units\"}", "{}",
     "f:23: tables.kinds.measures.top: needs exactly one of \"sum\", "
     "\"average\", \"minimum\", \"maximum\", \"distinct\""},
    {"{\"maximum\": \"units\"}", "{\"sum\": \"units\", \"average\": \"units\"}",
     "f:23: tables.kinds.measures.top: needs exactly one of \"sum\", "
     "\"average\", \"minimum\", \"maximum\", \"distinct\""},
    {"{\"maximum\": \"units\"}", "{\"maximum\": \"unit\"}",
     "f:23: tables.kinds.measures.top.maximum: no field \"unit\"; did you "
     "mean \"units\"?"},
    {"{\"maximum\": \"units\"}", "{\"maximum\": \"gift\"}",
     "f:23: tables.kinds.measures.top.maximum: the maximum needs an integer "
     "or number field; \"gift\" is of type boolean"},
    {"\"tumbling\": \"1m\"", "\"keep\": \"1m\"",
     "f:21: tables.minute.window: needs either \"tumbling\" or \"hopping\""},
    {"\"1m\"", "\"1m\", \"hopping\": \"5m\", \"advance\": \"1m\"",
     "f:21: tables.minute.window: needs either \"tumbling\" or \"hopping\""},
    {"\"tumbling\": \"1m\"", "\"hopping\": \"1m\"",
     "f:21: tables.minute.window: \"hopping\" and \"advance\" go together"},
    {"\"1m\"", "\"1m\", \"advance\": \"1m\"",
     "f:21: tables.minute.window.advance: \"hopping\" and \"advance\" go "
     "together"},
    {"\"tumbling\": \"1m\"", "\"hopping\": \"5m\", \"advance\": \"999ms\"",
     "f:21: tables.minute.window.advance: must be a duration from 1s to "
     "366d"},
    {"\"tumbling\": \"1m\"", "\"hopping\": \"5m\", \"advance\": \"2m\"",
     "f:21: tables.minute.window.advance: must go into \"hopping\" a whole "
     "number of times"},
    {"\"tumbling\": \"1m\"", "\"hopping\": \"1m\", \"advance\": \"5m\"",
     "f:21: tables.minute.window.advance: must go into \"hopping\" a whole "
     "number of times"},
    {"\"tumbling\": \"1m\"", "\"hopping\": \"65s\", \"advance\": \"1s\"",
     "f:21: tables.minute.window.advance: an event would be in 65 windows, "
     "and 64 is the limit"},
    {"\"tumbling\": \"1m\"",
     "\"hopping\": \"5m\", \"advance\": \"1m\", \"keep\": \"4m\"",
     "f:21: tables.minute.window.keep: is less than the window"},
    {"\"tumbling\": \"1m\"",
     "\"hopping\": \"1m\", \"advance\": \"1s\", \"keep\": \"3h\"",
     "f:21: tables.minute.window.keep: keeps 10800 windows, and 10000 is the "
     "limit"},
    {"\"1m\"", "\"1m\", \"average\": \"1ms\"",
     "f:21: tables.minute.window.average: must be a duration from 1s to "
     "366d"},
    {"\"n\": \"count\"},\n      \"window\": {\"tumbling\": \"1m\"",
     "\"n\": {\"maximum\": \"price\"}},\n"
     "      \"window\": {\"tumbling\": \"1m\", \"average\": \"1m\"",
     "f:21: tables.minute.window.average: the measure that ranks, \"n\", is "
     "no count and no sum"},
    {"\"tumbling\": \"1m\"", "\"tumbling\": \"999ms\"",
     "f:21: tables.minute.window.tumbling: must be a duration from 1s to "
     "366d"},
    {"\"1m\"", "\"1m\", \"keep\": \"59s\"",
     "f:21: tables.minute.window.keep: is less than the window"},
    {"\"1m\"", "\"1s\", \"keep\": \"3h\"",
     "f:21: tables.minute.window.keep: keeps 10800 windows, and 10000 is the "
     "limit"},
    {"\"1m\"", "\"1m\", \"lateness\": \"2h\"",
     "f:21: tables.minute.window.lateness: must be less than \"keep\""},

    /* Panels. */
    {"\"kind\": \"series\"", "\"kind\": \"serie\"",
     "f:27: panels[1].kind: no panel \"serie\"; did you mean \"series\"?"},
    {"\"kind\": \"series\"", "\"table\": \"users\"",
     "f:27: panels[1]: needs \"kind\""},
    {"\"kind\": \"series\"", "\"kind\": \"series\", \"table\": \"users\"",
     "f:27: panels[1].table: a \"series\" panel shows no table"},
    {"\"kind\": \"series\"", "\"kind\": \"share\"",
     "f:27: panels[1]: a \"share\" panel needs \"table\""},
    {"\"kind\": \"series\"", "\"kind\": \"share\", \"table\": \"user\"",
     "f:27: panels[1].table: no table \"user\"; did you mean \"users\"?"},
    {"\"kind\": \"series\"", "\"kind\": \"share\", \"table\": \"minute\"",
     "f:27: panels[1].table: table \"minute\" has a window; \"share\" panels "
     "show tables without one, \"windows\" and \"lines\" panels those with "
     "one"},
    {"\"kind\": \"series\"", "\"kind\": \"table\"",
     "f:27: panels[1]: a \"table\" panel needs \"table\""},
    {"\"kind\": \"series\"", "\"kind\": \"windows\", \"table\": \"users\"",
     "f:27: panels[1].table: table \"users\" has no window; \"windows\" "
     "panels show those with one"},
    {"\"kind\": \"series\"", "\"kind\": \"lines\", \"table\": \"users\"",
     "f:27: panels[1].table: table \"users\" has no window; \"lines\" "
     "panels show those with one"},
    {"\"kind\": \"series\"", "\"kind\": \"schema\", \"table\": \"users\"",
     "f:27: panels[1].table: a \"schema\" panel shows no table"},
    {"\"kind\": \"series\"",
     "\"kind\": \"share\", \"table\": \"users\", \"windows\": \"minute\"",
     "f:27: panels[1].windows: is for \"extremes\" panels only"},
    {"\"table\": \"users\"", "\"table\": \"users\", \"windows\": \"kinds\"",
     "f:26: panels[0].windows: table \"kinds\" has no window"},
    {"\"table\": \"users\"", "\"table\": \"kinds\", \"windows\": \"minute\"",
     "f:26: panels[0].windows: table \"minute\" is not by the same fields as "
     "\"kinds\""},
    {"\"table\": \"users\"", "\"table\": \"users\", \"windows\": \"hour\"",
     "f:26: panels[0].windows: no table \"hour\"; there is \"users\", "
     "\"minute\", \"kinds\""},

    /* The generator. */
    {"\"rate\": 50", "\"rate\": -1",
     "f:30: generator.rate: must be a number from 0 to 1e+09"},
    {"\"rate\": 50", "\"speed\": 50",
     "f:30: generator.speed: no key \"speed\"; there is \"rate\", "
     "\"shape\", \"fields\", \"faults\", \"bad\""},
    {"\"rate\": 50", "\"shape\": \"sine\"",
     "f:30: generator.shape: must be an object, not a string"},
    {"\"rate\": 50", "\"shape\": {}", "f:30: generator.shape: needs \"kind\""},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"sinus\"}",
     "f:30: generator.shape.kind: no shape \"sinus\"; did you mean \"sine\"?"},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"sine\", \"part\": 0.5}",
     "f:30: generator.shape.part: does not go with \"sine\""},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"constant\", \"period\": \"1m\"}",
     "f:30: generator.shape.period: does not go with \"constant\""},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"ramp\", \"period\": \"1ms\"}",
     "f:30: generator.shape.period: must be a duration from 1s to 1d"},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"ramp\", \"low\": 2}",
     "f:30: generator.shape.low: must be a number from 0 to 1"},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"bursts\", \"part\": 0}",
     "f:30: generator.shape.part: must be a number from 0.01 to 1"},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"spike\"}",
     "f:30: generator.shape: a \"spike\" needs \"field\""},
    {"\"rate\": 50", "\"shape\": {\"kind\": \"spike\", \"field\": \"kind\"}",
     "f:30: generator.shape.field: no field drawn by \"zipf\" \"kind\"; "
     "there is \"user\""},
    {"\"rate\": 50",
     "\"shape\": {\"kind\": \"spike\", \"field\": \"user\", \"share\": 9}",
     "f:30: generator.shape.share: must be a number from 0 to 1"},
    {"\"rate\": 50",
     "\"shape\": {\"kind\": \"spike\", \"field\": \"user\", "
     "\"period\": \"30s\", \"part\": 0.1, \"share\": 0.9}",
     NULL},
    {"\"rate\": 50", "\"bad\": {}", "f:30: generator.bad: needs \"share\""},
    {"\"rate\": 50", "\"bad\": {\"share\": 1.5}",
     "f:30: generator.bad.share: must be a number from 0 to 1"},
    {"\"gift\": {\"constant\"", "\"gifts\": {\"constant\"",
     "f:36: generator.fields.gifts: no field \"gifts\"; did you mean "
     "\"gift\"?"},
    {"      \"price\": {\"uniform\": [0, 99]},\n", "",
     "f:31: generator.fields: needs field \"price\", which is not optional"},
    {"{\"constant\": true}", "{}",
     "f:36: generator.fields.gift: needs exactly one of \"zipf\", "
     "\"uniform\", \"sequence\", \"weights\", \"constant\", \"uuid\", "
     "\"clock\""},
    {"{\"constant\": true}", "{\"constant\": true, \"uniform\": [0, 1]}",
     "f:36: generator.fields.gift: needs exactly one of \"zipf\", "
     "\"uniform\", \"sequence\", \"weights\", \"constant\", \"uuid\", "
     "\"clock\""},
    {"{\"constant\": true}", "{\"const\": true}",
     "f:36: generator.fields.gift.const: no key \"const\"; did you mean "
     "\"count\"?"},
    {"{\"constant\": true}", "{\"constant\": \"true\"}",
     "f:36: generator.fields.gift.constant: must be true or false, not a "
     "string"},
    {"{\"constant\": true}", "{\"uniform\": [0, 1]}",
     "f:36: generator.fields.gift: a boolean field takes \"weights\" or "
     "\"constant\""},
    {"{\"constant\": true}", "{\"weights\": {\"true\": 1, \"no\": 1}}",
     "f:36: generator.fields.gift.weights.no: must be true or false, not "
     "\"no\""},
    {"{\"constant\": true}", "{\"clock\": true}",
     "f:36: generator.fields.gift.clock: is for time fields only"},
    {"\"gift\": {\"constant\": true}", "\"at\": {\"clock\": false}",
     "f:36: generator.fields.at.clock: must be true"},
    {"\"gift\": {\"constant\": true}", "\"at\": {\"constant\": 1}",
     "f:36: generator.fields.at: a time field takes {\"clock\": true}"},
    {"\"zipf\": 1.5", "\"zipf\": 0",
     "f:32: generator.fields.user.zipf: must be a number from 0.01 to 10"},
    {"\"count\": 1000, ", "", "f:32: generator.fields.user: needs \"count\""},
    {"\"count\": 1000, ", "\"count\": 4294967297, ",
     "f:32: generator.fields.user.count: must be a whole number from 1 to "
     "4294967296"},
    {"\"uniform\": [0, 99]", "\"uniform\": [0, 99], \"count\": 3",
     "f:34: generator.fields.price.count: goes with \"zipf\" only"},
    {"{\"constant\": true}", "{\"constant\": true, \"format\": \"%d\"}",
     "f:36: generator.fields.gift.format: goes with \"zipf\", \"uniform\" and "
     "\"sequence\" only"},
#define FORMAT                                                                 \
	"f:32: generator.fields.user.format: must hold one %d or %0Nd, N "     \
	"from 1 to 20, as in \"u%06d\"; %% is a percent sign"
    {"u%04d", "u", FORMAT},
    {"u%04d", "%d%d", FORMAT},
    {"u%04d", "%s", FORMAT},
    {"u%04d", "%4d", FORMAT},
    {"u%04d", "%0d", FORMAT},
    {"u%04d", "%021d", FORMAT},
    {"u%04d", "%099999999999d", FORMAT},
    {"u%04d", "%n", FORMAT},
    {"u%04d", "%", FORMAT},
    {"u%04d", "%%d", FORMAT},
    {"\"u%04d\"", "4",
     "f:32: generator.fields.user.format: must be a string, "
     "not a number"},
    {"u%04d", "a user with more than 40 bytes: ------- %04d",
     "f:32: generator.fields.user.format: \"a user with more than 40 "
     "bytes: ------- 0001\" is longer than \"max_length\" of the field, 40"},
    {"\"max_length\": 40", "\"max_length\": 4",
     "f:32: generator.fields.user.format: \"u0001\" is longer than "
     "\"max_length\" of the field, 4"},
    {"\"u%04d\"},",
     "\"%d\"},\n\"note\": {\"zipf\": 1, \"count\": 10, "
     "\"format\": \"%d%\"},",
     "f:33: generator.fields.note.format: must hold one %d or %0Nd, N from 1 "
     "to 20, as in \"u%06d\"; %% is a percent sign"},
    {"{\"weights\": {\"a\": 1, \"bb\": 2.5}}", "{\"uniform\": [1, 2]}",
     "f:33: generator.fields.kind: a field with \"one_of\" takes "
     "\"weights\" or \"constant\""},
    {"\"bb\": 2.5", "\"c\": 2.5",
     "f:33: generator.fields.kind.weights.c: \"c\" is not in \"one_of\" of "
     "the field"},
    {"\"bb\": 2.5", "\"bb\": 0",
     "f:33: generator.fields.kind.weights.bb: must be a number from 1e-09 to "
     "1e+09"},
    {"{\"a\": 1, \"bb\": 2.5}", "{}",
     "f:33: generator.fields.kind.weights: is empty: there must be values"},
    {"[0, 99]", "[0]",
     "f:34: generator.fields.price.uniform: must be the first and the last "
     "number, as in [1, 6]"},
    {"[0, 99]", "[5, 4]",
     "f:34: generator.fields.price.uniform[1]: is less than the first "
     "number"},
    {"[0, 99]", "[0, 0.5]",
     "f:34: generator.fields.price.uniform[1]: must be a whole number from "
     "-1000000000000000000 to 1000000000000000000"},
    {"[0, 99]", "[0, 100]",
     "f:34: generator.fields.price: \"100\" is outside of \"min\" and "
     "\"max\" of the field"},
    {"[0, 99]", "[-1, 9]",
     "f:34: generator.fields.price: \"-1\" is outside of \"min\" and "
     "\"max\" of the field"},
    {"[0, 99]", "[0, 99], \"format\": \"%03d\"",
     "f:34: generator.fields.price.format: \"000\" is no number of JSON"},
    {"[0, 99]", "[0, 99], \"format\": \"98.%02d9\"",
     NULL}, /* 98.009 to 98.999 */
    {"[0, 99]", "[0, 99], \"format\": \"99.%02d\"",
     "f:34: generator.fields.price.format: \"99.99\" is outside of \"min\" "
     "and \"max\" of the field"},
    {"[-2, 2]", "[-2, 2], \"format\": \"1%d\"",
     "f:35: generator.fields.units.format: \"format\" needs numbers from 0 "
     "on"},
    {"[-2, 2]", "[1, 2], \"format\": \"%d.5\"",
     "f:35: generator.fields.units.format: \"1.5\" is no whole number of 64 "
     "bits of JSON"},
    {"{\"sequence\": [-2, 2]}", "{\"weights\": {\"1\": 1, \"01\": 1}}",
     "f:35: generator.fields.units.weights.01: \"01\" is no whole number of "
     "64 bits of JSON"},
    {"{\"sequence\": [-2, 2]}", "{\"constant\": 1.5}",
     "f:35: generator.fields.units.constant: \"1.5\" is no whole number of "
     "64 bits of JSON"},
    {"[-2, 2]}", "[-2, 2], \"from\": \"30s\", \"until\": \"1h\"}", NULL},
    {"[-2, 2]}", "[-2, 2], \"until\": \"1ms\"}", NULL},
    {"[-2, 2]}", "[-2, 2], \"from\": \"0s\"}",
     "f:35: generator.fields.units.from: must be a duration from 1ms to 366d"},
    {"[-2, 2]}", "[-2, 2], \"until\": 30}",
     "f:35: generator.fields.units.until: must be a duration such as "
     "\"500ms\", "
     "\"10s\", \"1m\", \"2h\" or \"1d\""},
    {"[-2, 2]}", "[-2, 2], \"from\": \"1m\", \"until\": \"60s\"}",
     "f:35: generator.fields.units.until: is not after \"from\""},
    {"[0, 99]}", "[0, 99], \"from\": \"30s\"}",
     "f:34: generator.fields.price.from: is for optional fields only: an "
     "event without \"price\" is dead"},
    {"\"gift\": {\"constant\": true}",
     "\"at\": {\"clock\": true, \"until\": \"30s\"}",
     "f:36: generator.fields.at.until: is for optional fields only: an event "
     "without \"at\" is dead"},
    {"\"zipf\": 1.5, \"count\": 1000, \"format\": \"u%04d\"", "\"uuid\": true",
     NULL},
    {"\"zipf\": 1.5, \"count\": 1000, \"format\": \"u%04d\"", "\"uuid\": 4",
     "f:32: generator.fields.user.uuid: must be true"},
    {"\"zipf\": 1.5, \"count\": 1000,", "\"uuid\": true,",
     "f:32: generator.fields.user.format: goes with \"zipf\", \"uniform\" and "
     "\"sequence\" only"},
    {"{\"constant\": true}", "{\"uuid\": true}",
     "f:36: generator.fields.gift.uuid: is for string fields only"},
    {"{\"weights\": {\"a\": 1, \"bb\": 2.5}}", "{\"uuid\": true}",
     "f:33: generator.fields.kind.uuid: a field with \"one_of\" takes "
     "\"weights\" or \"constant\""},

/* Faults of the generator. */
#define FAULT(text) "\"rate\": 50, \"faults\": [" text "]"
#define RATE        "\"rate\": 50"
    {RATE, FAULT(""), NULL},
    {RATE, "\"faults\": {}",
     "f:30: generator.faults: must be an array, not an object"},
    {RATE, FAULT("{\"share\": 1, \"negate\": true}"),
     "f:30: generator.faults[0]: needs \"field\""},
    {RATE, FAULT("{\"field\": \"price\", \"negate\": true}"),
     "f:30: generator.faults[0]: needs \"share\""},
    {RATE, FAULT("{\"field\": \"prise\", \"share\": 1, \"value\": \"\"}"),
     "f:30: generator.faults[0].field: no field \"prise\"; did you mean "
     "\"price\"?"},
    {RATE, FAULT("{\"field\": \"note\", \"share\": 1, \"value\": \"\"}"),
     "f:30: generator.faults[0].field: the generator never writes \"note\""},
    {RATE, FAULT("{\"field\": \"price\", \"share\": 5, \"value\": \"1\"}"),
     "f:30: generator.faults[0].share: must be a number from 0 to 1"},
    {RATE, FAULT("{\"field\": \"price\", \"share\": 1}"),
     "f:30: generator.faults[0]: needs either \"negate\" or \"value\""},
    {RATE,
     FAULT("{\"field\": \"price\", \"share\": 1, \"negate\": true, "
	   "\"value\": \"1\"}"),
     "f:30: generator.faults[0]: needs either \"negate\" or \"value\""},
    {RATE,
     FAULT("{\"field\": \"price\", \"share\": 1, \"negate\": true}, "
	   "{\"field\": \"price\", \"share\": 1, \"negate\": false}"),
     "f:30: generator.faults[1].negate: must be true"},
    {RATE, FAULT("{\"field\": \"user\", \"share\": 1, \"negate\": true}"),
     "f:30: generator.faults[0].negate: is for integer and number fields "
     "only"},
    {RATE, FAULT("{\"field\": \"at\", \"share\": 1, \"negate\": true}"),
     "f:30: generator.faults[0].negate: is for integer and number fields "
     "only"},
    {RATE, FAULT("{\"field\": \"units\", \"share\": 1, \"negate\": true}"),
     "f:30: generator.faults[0].negate: needs numbers from 0 on, but the "
     "generator writes negative ones"},
    {RATE, FAULT("{\"field\": \"user\", \"share\": 1, \"value\": 1}"),
     "f:30: generator.faults[0].value: must be a string, not a number"},
    {RATE, FAULT("{\"field\": \"units\", \"share\": 1, \"value\": \"1.5\"}"),
     "f:30: generator.faults[0].value: must be a whole number, in quotes"},
    {RATE, FAULT("{\"field\": \"at\", \"share\": 1, \"value\": \"null\"}"),
     "f:30: generator.faults[0].value: must be a whole number, in quotes"},
    {RATE, FAULT("{\"field\": \"price\", \"share\": 1, \"value\": \"1.\"}"),
     "f:30: generator.faults[0].value: must be a number, in quotes"},
    {RATE, FAULT("{\"field\": \"gift\", \"share\": 1, \"value\": \"1\"}"),
     "f:30: generator.faults[0].value: must be true or false, in quotes"},
    {RATE, FAULT("{\"field\": \"gift\", \"share\": 1, \"valu\": \"1\"}"),
     "f:30: generator.faults[0].valu: no key \"valu\"; did you mean "
     "\"value\"?"},
    /* Beyond the rules, and beyond 64 bits. */
    {RATE,
     FAULT("{\"field\": \"price\", \"share\": 0, \"value\": \"1e400\"}, "
	   "{\"field\": \"kind\", \"share\": 1, \"value\": \"c\"}, "
	   "{\"field\": \"units\", \"share\": 1, \"value\": "
	   "\"99999999999999999999\"}"),
     NULL},
};

/* The base with the first `from` in it replaced; free() it. */
static char *
edit(const char *from, const char *to)
{
	const char *at = strstr(base, from);
	struct buf out = BUF_INIT;

	if (!at)
		fail_msg("the file has no %s", from);
	else {
		buf_add(&out, base, (size_t)(at - base));
		buf_add_str(&out, to);
		buf_add_str(&out, at + strlen(from));
	}
	return out.data;
}

static struct pipeline *
parse_ok(const char *text)
{
	struct pipeline *p = NULL;
	struct err err = {.text = ""};

	if (pipeline_parse(text, strlen(text), "f", &p, &err))
		fail_msg("%s", err.text);
	return p;
}

static struct pipeline *
edit_ok(const char *from, const char *to)
{
	char *text = edit(from, to);
	struct pipeline *p = parse_ok(text);

	free(text);
	return p;
}

static void
test_errors(void **state)
{
	unsigned off = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *expected = wrong[i].error ? wrong[i].error : "none";
		char *text = edit(wrong[i].from, wrong[i].to);
		struct pipeline *p = NULL;
		struct err err = {.text = "none"};
		int code = pipeline_parse(text, strlen(text), "f", &p, &err);

		if (strcmp(err.text, expected)) {
			print_error("%s\n  expected: %s\n", err.text, expected);
			off++;
		}
		assert_int_equal(code, wrong[i].error ? WEIR_PIPELINE : 0);
		pipeline_free(p);
		free(text);
	}
	assert_int_equal(off, 0);
}

static void
test_compiled(void **state)
{
	struct pipeline *p = parse_ok(base);
	const struct field *f = p->event.fields;
	const struct table_spec *t = p->tables;
	const struct gen_field *g = p->generator.fields;

	(void)state;
	assert_string_equal(p->name, "shop");
	assert_string_equal(p->file, "f");
	assert_string_equal(p->text, base);
	assert_string_equal(p->topic, "shop.events");
	assert_int_equal(p->partitions, 4);
	assert_int_equal(p->key_field, 0);

	assert_int_equal(p->event.fields_len, 7);
	assert_int_equal(p->event.time_field, 2);
	assert_int_equal(p->event.max_bytes, 1 << 20);
	assert_int_equal(p->event.future_ms, 3600000);
	assert_string_equal(f[0].name, "user");
	assert_int_equal(f[0].path_len, 2);
	assert_string_equal(f[0].path[0], "who");
	assert_string_equal(f[0].path[1], "id");
	assert_int_equal(f[0].type, FIELD_STRING);
	assert_int_equal(f[0].max_length, 40);
	assert_false(f[0].optional);
	assert_null(f[0].one_of);
	assert_int_equal(f[1].one_of_len, 2);
	assert_int_equal(f[1].one_of[1].size, 2);
	assert_memory_equal(f[1].one_of[1].data, "bb", 2);
	assert_int_equal(f[1].max_length, 2);
	assert_int_equal(f[1].path_len, 1);
	assert_int_equal(f[2].type, FIELD_TIME);
	assert_int_equal(f[2].unit, TIME_S);
	assert_int_equal(f[3].type, FIELD_NUMBER);
	assert_true(f[3].has_min && f[3].min == 0);
	assert_true(f[3].has_max && f[3].max == 99.5);
	assert_int_equal(f[4].type, FIELD_INT);
	assert_true(f[4].optional && !f[4].has_min && !f[4].has_max);
	assert_int_equal(f[5].type, FIELD_BOOL);
	assert_int_equal(f[6].max_length, 256);

	assert_int_equal(p->tables_len, 3);
	assert_string_equal(t[0].name, "users");
	assert_int_equal(t[0].by_len, 1);
	assert_int_equal(t[0].by[0], 0);
	assert_int_equal(t[0].measures_len, 2);
	assert_int_equal(t[0].measures[0].kind, MEASURE_COUNT);
	assert_int_equal(t[0].measures[0].field, -1);
	assert_int_equal(t[0].measures[1].kind, MEASURE_SUM);
	assert_int_equal(t[0].measures[1].field, 3);
	assert_int_equal(t[0].rank, 1);
	assert_int_equal(t[0].window_ms, 0);
	assert_int_equal(t[1].window_ms, 60000);
	assert_int_equal(t[1].advance_ms, 60000);
	assert_int_equal(t[1].average_ms, 0);
	assert_int_equal(t[1].keep_ms, 7200000);
	assert_int_equal(t[1].lateness_ms, 10000);
	assert_int_equal(t[1].rank, 0);
	assert_int_equal(t[2].by_len, 2);
	assert_int_equal(t[2].by[1], 5);
	assert_int_equal(t[2].measures[0].kind, MEASURE_MAXIMUM);
	assert_int_equal(t[2].measures[0].field, 4);

	assert_int_equal(p->panels_len, 2);
	assert_int_equal(p->panels[0].kind, PANEL_EXTREMES);
	assert_int_equal(p->panels[0].table, 0);
	assert_int_equal(p->panels[0].windows, 1);
	assert_int_equal(p->panels[1].kind, PANEL_SERIES);
	assert_int_equal(p->panels[1].table, -1);
	assert_int_equal(p->panels[1].windows, -1);

	assert_true(p->generator.present);
	assert_true(p->generator.rate == 50);
	assert_true(p->generator.bad_share == 0);
	assert_int_equal(g[0].kind, GEN_ZIPF);
	assert_true(g[0].exponent == 1.5 && g[0].count == 1000);
	assert_string_equal(g[0].prefix, "u");
	assert_string_equal(g[0].suffix, "");
	assert_int_equal(g[0].width, 4);
	assert_int_equal(g[1].kind, GEN_WEIGHTS);
	assert_int_equal(g[1].values_len, 2);
	assert_memory_equal(g[1].values[1].data, "bb", 2);
	assert_true(g[1].weights[1] == 2.5);
	assert_int_equal(g[2].kind, GEN_TIME);
	assert_int_equal(g[3].kind, GEN_UNIFORM);
	assert_true(g[3].min == 0 && g[3].max == 99);
	assert_null(g[3].prefix);
	assert_int_equal(g[4].kind, GEN_SEQUENCE);
	assert_true(g[4].min == -2 && g[4].max == 2);
	assert_int_equal(g[5].kind, GEN_CONSTANT);
	assert_memory_equal(g[5].values[0].data, "true", 4);
	assert_int_equal(g[6].kind, GEN_ABSENT);

	assert_int_equal(pipeline_field(p, "gift"), 5);
	assert_int_equal(pipeline_field(p, "Gift"), -1);
	assert_int_equal(pipeline_table(p, "kinds"), 2);
	assert_int_equal(pipeline_table(p, ""), -1);
	pipeline_free(p);
	pipeline_free(NULL);
}

static void
test_hopping(void **state)
{
	static const struct {
		const char *window;
		int64_t length, advance, average, keep, lateness;
	} cases[] = {
	    {"\"hopping\": \"5m\", \"advance\": \"1m\", \"average\": \"1m\"",
	     300000, 60000, 60000, 7200000, 10000},
	    {"\"hopping\": \"64s\", \"advance\": \"1s\", \"keep\": \"64s\"",
	     64000, 1000, 0, 64000, 10000},
	    {"\"advance\": \"1d\", \"hopping\": \"7d\", \"average\": \"2d\"",
	     604800000, 86400000, 172800000, 1209600000, 10000},
	    {"\"tumbling\": \"5s\", \"average\": \"1s\", \"keep\": \"8s\"",
	     5000, 5000, 1000, 8000, 4000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = edit("\"tumbling\": \"1m\"", cases[i].window);
		struct pipeline *p = parse_ok(text);
		const struct table_spec *table = &p->tables[1];

		assert_int_equal(table->window_ms, cases[i].length);
		assert_int_equal(table->advance_ms, cases[i].advance);
		assert_int_equal(table->average_ms, cases[i].average);
		assert_int_equal(table->keep_ms, cases[i].keep);
		assert_int_equal(table->lateness_ms, cases[i].lateness);
		pipeline_free(p);
		free(text);
	}
}

/* So many windows as are kept are steps, not lengths. */
static void
test_hopping_change(void **state)
{
	static const char text[] =
	    "{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	    "\"t\","
	    "\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{\"type\":\"string\"}}"
	    "},"
	    "\"tables\":{\"all\":{\"by\":[\"s\"],\"measures\":{\"n\":\"count\"}"
	    ","
	    "\"window\":{\"hopping\":\"5m\",\"advance\":\"1m\",\"keep\":"
	    "\"11m\","
	    "\"lateness\":\"10s\"}}},\"alerts\":[{\"name\":\"a\","
	    "\"table\":\"all\",\"change\":{\"above\":2,\"windows\":%d}}]}";
	struct pipeline *p;
	struct err err;
	char with[1024];

	(void)state;
	snprintf(with, sizeof(with), text, 5);
	p = parse_ok(with);
	assert_int_equal(p->alerts[0].change_windows, 5);
	pipeline_free(p);
	snprintf(with, sizeof(with), text, 6);
	assert_int_equal(pipeline_parse(with, strlen(with), "f", &p, &err),
			 WEIR_PIPELINE);
	assert_string_equal(err.text,
			    "f:1: alerts[0].change.windows: table \"all\" does "
			    "not keep so many complete windows");
}

static void
test_defaults(void **state)
{
	struct pipeline *p;
	static const enum panel_kind kinds[] = {
	    PANEL_SERIES, PANEL_LEDGER,    PANEL_DEAD, PANEL_PARTITIONS,
	    PANEL_ALERTS, PANEL_GENERATOR, PANEL_LOG,  PANEL_SCHEMA};
	char *text;

	(void)state;
	p = parse_ok("{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":"
		     "{\"time\":\"t\",\"fields\":{\"t\":{\"type\":\"time\"},"
		     "\"a.b\":{\"type\":\"string\"}}},\"tables\":{\"all\":"
		     "{\"by\":[\"a.b\"],\"measures\":{\"n\":\"count\"}}}}");
	assert_int_equal(p->key_field, -1);
	assert_int_equal(p->event.fields[0].unit, TIME_MS);
	assert_int_equal(p->event.fields[1].path_len, 2);
	assert_false(p->generator.present);
	assert_int_equal(p->panels_len, sizeof(kinds) / sizeof(*kinds));
	for (unsigned i = 0; i < p->panels_len; i++) {
		assert_int_equal(p->panels[i].kind, kinds[i]);
		assert_int_equal(p->panels[i].table, -1);
	}
	pipeline_free(p);

	p = edit_ok("\"key\": \"user\"", "\"partitions\": 3");
	assert_int_equal(p->retention_ms, 0);
	pipeline_free(p);
	p = edit_ok("\"key\": \"user\"", "\"retention\": \"24h\"");
	assert_int_equal(p->retention_ms, 86400000);
	pipeline_free(p);
	p = edit_ok("\"key\": \"user\"", "\"retention\": \"forever\"");
	assert_int_equal(p->retention_ms, -1);
	pipeline_free(p);

	p = edit_ok("\"who.id\"", "[\"who.is\", \"it\"]");
	assert_int_equal(p->event.fields[0].path_len, 2);
	assert_string_equal(p->event.fields[0].path[0], "who.is");
	pipeline_free(p);
	p = edit_ok("\"rate\": 50,\n", "");
	assert_true(p->generator.rate == 1000);
	pipeline_free(p);
	p = edit_ok("[-2, 2]", "[-2, 2], \"from\": \"30s\", \"until\": \"1h\"");
	assert_int_equal(p->generator.fields[4].from_ms, 30000);
	assert_int_equal(p->generator.fields[4].until_ms, 3600000);
	assert_int_equal(p->generator.fields[5].from_ms, 0);
	assert_int_equal(p->generator.fields[5].until_ms, 0);
	pipeline_free(p);
	p = edit_ok(
	    RATE,
	    FAULT("{\"field\": \"price\", \"share\": 0.5, \"negate\": true}, "
		  "{\"field\": \"kind\", \"share\": 0.25, \"value\": "
		  "\"\\u00e9\\n\"}"));
	assert_int_equal(p->generator.faults_len, 2);
	assert_int_equal(p->generator.faults[0].field, 3);
	assert_true(p->generator.faults[0].share == 0.5);
	assert_null(p->generator.faults[0].value);
	assert_int_equal(p->generator.faults[1].field, 1);
	assert_int_equal(p->generator.faults[1].value->size, 3);
	assert_memory_equal(p->generator.faults[1].value->data, "\303\251\n",
			    3);
	pipeline_free(p);
	p = edit_ok("u%04d", "100%% %d%%");
	assert_string_equal(p->generator.fields[0].prefix, "100% ");
	assert_string_equal(p->generator.fields[0].suffix, "%");
	assert_int_equal(p->generator.fields[0].width, 0);
	pipeline_free(p);

	/* Lateness fits into what is kept; two windows are kept at least. */
	p = edit_ok("\"1m\"", "\"2s\", \"keep\": \"8s\"");
	assert_int_equal(p->tables[1].keep_ms, 8000);
	assert_int_equal(p->tables[1].lateness_ms, 4000);
	pipeline_free(p);
	p = edit_ok("\"1m\"", "\"1d\"");
	assert_int_equal(p->tables[1].keep_ms, 2 * 86400000);
	pipeline_free(p);
	p = edit_ok("\"1m\"", "\"60000ms\", \"keep\": \"1m\", "
			      "\"lateness\": \"0s\"");
	assert_int_equal(p->tables[1].window_ms, 60000);
	assert_int_equal(p->tables[1].keep_ms, 60000);
	assert_int_equal(p->tables[1].lateness_ms, 0);
	pipeline_free(p);
	/* Exactly at the limit of keys. */
	p = edit_ok("\"max_length\": 40", "\"max_length\": 480");
	pipeline_free(p);
	/* No windowed table has the key of "kinds". */
	p = edit_ok("\"table\": \"users\"", "\"table\": \"kinds\"");
	assert_int_equal(p->panels[0].windows, -1);
	pipeline_free(p);
	text = edit("\"table\": \"users\"",
		    "\"table\": \"users\", \"windows\": \"minute\"");
	p = parse_ok(text);
	assert_int_equal(p->panels[0].windows, 1);
	pipeline_free(p);
	free(text);
}

/* A UUID fits exactly, or not. */
static void
test_uuid_length(void **state)
{
	struct pipeline *p = NULL;
	struct err err = {.text = ""};

	(void)state;
	for (int length = 36; length >= 35; length--) {
		struct buf text = BUF_INIT;

		buf_addf(&text,
			 "{\"name\":\"x\",\"topic\":{\"name\":\"x\"},"
			 "\"event\":{\"time\":\"t\",\"fields\":{\"t\":{\"type\""
			 ":\"time\"},\"s\":{\"type\":\"string\","
			 "\"max_length\":%d}}},\"tables\":{\"a\":{\"by\":["
			 "\"s\"],\"measures\":{\"n\":\"count\"}}},"
			 "\"generator\":{\"fields\":{\"s\":{\"uuid\":true}}}}",
			 length);
		pipeline_parse(text.data, text.size, "f", &p, &err);
		assert_string_equal(
		    err.text,
		    length == 36
			? ""
			: "f:1: generator.fields.s.uuid: has 36 bytes, more "
			  "than \"max_length\" of the field, 35");
		if (length == 36)
			pipeline_free(p);
		buf_release(&text);
	}
}

static void
test_fingerprint(void **state)
{
	static const struct {
		const char *from, *to;
		bool same;
	} cases[] = {
	    {"\"name\": \"shop\"", "\"name\": \"shop2\"", true},
	    {"shop.events", "other", true},
	    {"\"rate\": 50", "\"rate\": 51", true},
	    {"{\"kind\": \"series\"}", "{\"kind\": \"dead\"}", true},
	    {"[\"a\", \"bb\"]", "[\"bb\", \"a\"]", true},
	    {"\"time\": \"at\"", "\"time\": \"at\", \"max_bytes\": 1048576",
	     true}, /* the default */
	    {"\"1m\"", "\"60s\", \"keep\": \"120m\"", true},
	    {"{\n", "{ // a comment\n", true},
	    {"\"time\": \"at\"", "\"time\": \"at\", \"max_bytes\": 1048577",
	     false},
	    {"\"time\": \"at\"", "\"time\": \"at\", \"future\": \"2h\"", false},
	    {"\"who.id\"", "\"who.name\"", false},
	    {"\"who.id\"", "[\"who.id\"]", false},
	    {"\"max_length\": 40", "\"max_length\": 41", false},
	    {"[\"a\", \"bb\"]", "[\"a\", \"bb\", \"\"]", false},
	    {"\"max_length\": 40", "\"max_length\": 40, \"none_of\": [\"x\"]",
	     false},
	    {"\"name\": \"shop\"",
	     "\"name\": \"shop\", \"dead_letters\": {\"topic\": \"d\", "
	     "\"format\": \"json\"}",
	     true},
	    {"\"unit\": \"s\"", "\"unit\": \"ms\"", false},
	    {"\"min\": 0, ", "", false},
	    {"\"max\": 99.5", "\"max\": 99.25", false},
	    {"\"integer\", \"optional\": true", "\"integer\"", false},
	    {"\"rank\": \"paid\"", "\"rank\": \"n\"", false},
	    {"\"sum\": \"price\"", "\"average\": \"price\"", false},
	    {"\"sum\": \"price\"", "\"sum\": \"units\"", false},
	    {"\"kind\", \"gift\"", "\"gift\", \"kind\"", false},
	    {"\"1m\"", "\"2m\"", false},
	    {"\"1m\"", "\"1m\", \"keep\": \"3h\"", false},
	    {"\"tumbling\": \"1m\"", "\"hopping\": \"1m\", \"advance\": \"1m\"",
	     true},
	    {"\"tumbling\": \"1m\"",
	     "\"hopping\": \"1m\", \"advance\": \"30s\"", false},
	    {"\"1m\"", "\"1m\", \"average\": \"1s\"", true},
	    {"\"1m\"", "\"1m\", \"lateness\": \"11s\"", false},
	    {"\"users\": {", "\"people\": {", false},
	};
	struct pipeline *p = parse_ok(base), *q;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = edit(cases[i].from, cases[i].to), *panel;
		bool same;

		/* The renamed table is named by a panel too. */
		panel = strstr(text, "\"table\": \"users\"");
		if (!cases[i].same && strstr(cases[i].to, "people"))
			memcpy(panel, "\"table\": \"kinds\"", 16);
		q = parse_ok(text);
		same = p->fingerprint == q->fingerprint;
		if (same != cases[i].same)
			fail_msg("%s: %d", cases[i].to, same);
		pipeline_free(q);
		free(text);
	}
	pipeline_free(p);
}

/* What is not allowed, in any order, and how dead letters are written. */
static void
test_quality(void **state)
{
	static const char from[] = "\"max_length\": 40";
	char *text = edit(from, "\"max_length\": 40, \"none_of\": [\"ZZ\", "
				"\"X\"]");
	char *turned = edit(from, "\"max_length\": 40, \"none_of\": [\"X\", "
				  "\"ZZ\"]");
	char *other = edit("  \"name\": \"shop\",",
			   "\"name\": \"shop\", \"dead_letters\": {"
			   "\"topic\": \"d\", \"format\": \"original\"},");
	char *rows = edit("  \"name\": \"shop\",",
			  "\"name\": \"shop\", \"dead_letters\": {"
			  "\"topic\": \"d\", \"format\": \"json\"},");
	struct pipeline *p = parse_ok(text), *q = parse_ok(turned);
	struct pipeline *originals = parse_ok(other), *json = parse_ok(rows);

	(void)state;
	assert_int_equal(p->event.fields[0].none_of_len, 2);
	assert_memory_equal(p->event.fields[0].none_of[0].data, "ZZ", 2);
	assert_int_equal(p->event.fields[0].none_of[1].size, 1);
	assert_true(p->fingerprint == q->fingerprint);
	assert_string_equal(json->dead_letters, "d");
	assert_true(json->dead_letters_json);
	assert_false(originals->dead_letters_json);
	pipeline_free(p);
	pipeline_free(q);
	pipeline_free(originals);
	pipeline_free(json);
	free(text);
	free(turned);
	free(other);
	free(rows);
}

/* Arrays of a fixed size in the struct are never overrun. */
static void
test_limits(void **state)
{
	static const struct {
		const char *before, *each, *after;
		unsigned max;
		const char *error;
	} cases[] = {
	    {"{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	     "\"t\",\"fields\":{\"t\":{\"type\":\"time\"}",
	     ",\"f%u\":{\"type\":\"string\"}",
	     "}},\"tables\":{\"a\":{\"by\":[\"f0\"],\"measures\":{\"n\":"
	     "\"count\"}}}}",
	     PIPELINE_FIELDS_MAX - 1,
	     "f:1: event.fields: 33 fields are more than 32"},
	    {"{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	     "\"t\",\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{\"type\":"
	     "\"string\"}}},\"tables\":{\"first\":{\"by\":[\"s\"],"
	     "\"measures\":{\"n\":\"count\"}}",
	     ",\"t%u\":{\"by\":[\"s\"],\"measures\":{\"n\":\"count\"}}", "}}",
	     PIPELINE_TABLES_MAX - 1,
	     "f:1: tables: 17 tables are more than 16"},
	    {"{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	     "\"t\",\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{\"type\":"
	     "\"string\"}}},\"tables\":{\"t\":{\"by\":[\"s\"],\"measures\":{"
	     "\"first\":\"count\"",
	     ",\"n%u\":\"count\"", "}}}}", PIPELINE_MEASURES_MAX - 1,
	     "f:1: tables.t.measures: 9 measures are more than 8"},
	    {"{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	     "\"t\",\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{\"type\":"
	     "\"string\",\"one_of\":[\"first\"",
	     ",\"v%u\"",
	     "]}}},\"tables\":{\"t\":{\"by\":[\"s\"],\"measures\":{\"n\":"
	     "\"count\"}}}}",
	     PIPELINE_ONE_OF_MAX - 1,
	     "f:1: event.fields.s.one_of: 257 values are more than 256"},
	    {"{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	     "\"t\",\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{\"type\":"
	     "\"string\"}}},\"tables\":{\"t\":{\"by\":[\"s\"],\"measures\":{"
	     "\"n\":\"count\"}}},\"generator\":{\"fields\":{\"s\":{"
	     "\"weights\":{\"first\":1",
	     ",\"v%u\":1", "}}}}}", 255,
	     "f:1: generator.fields.s.weights: 257 values are more than 256"},
	    {"{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	     "\"t\",\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{\"type\":"
	     "\"string\"}}},\"tables\":{\"t\":{\"by\":[\"s\"],\"measures\":{"
	     "\"n\":\"count\"}}},\"generator\":{\"fields\":{\"s\":{\"uuid\":"
	     "true}}"
	     ",\"faults\":[{\"field\":\"t\",\"share\":1,\"value\":\"1\"}",
	     ",{\"field\":\"s\",\"share\":1,\"value\":\"%u\"}", "]}}",
	     GEN_FAULTS_MAX - 1,
	     "f:1: generator.faults: 17 faults are more than 16"},
	    {"{\"name\":\"x\",\"topic\":{\"name\":\"x\"},\"event\":{\"time\":"
	     "\"t\",\"fields\":{\"t\":{\"type\":\"time\"},\"s\":{\"type\":"
	     "\"string\"}}},\"tables\":{\"t\":{\"by\":[\"s\"],\"measures\":{"
	     "\"n\":\"count\"}}},\"panels\":[{\"kind\":\"dead\"}",
	     ",{\"kind\":\"series\"}", "]}", PIPELINE_PANELS_MAX - 1,
	     "f:1: panels: 17 panels are more than 16"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned more = 0; more < 2; more++) {
			struct buf text = BUF_INIT;
			struct pipeline *p = NULL;
			struct err err = {.text = ""};

			buf_add_str(&text, cases[i].before);
			for (unsigned n = 0; n < cases[i].max + more; n++) {
				const char *mark = strstr(cases[i].each, "%u");
				size_t head =
				    mark ? (size_t)(mark - cases[i].each)
					 : strlen(cases[i].each);

				buf_add(&text, cases[i].each, head);
				if (mark)
					buf_addf(&text, "%u%s", n, mark + 2);
			}
			buf_add_str(&text, cases[i].after);
			pipeline_parse(text.data, text.size, "f", &p, &err);
			assert_string_equal(err.text,
					    more ? cases[i].error : "");
			pipeline_free(p);
			buf_release(&text);
		}
	}
}

static void
test_too_large(void **state)
{
	char *text = xmalloc((1 << 20) + 1);
	struct pipeline *p = NULL;
	struct err err = {.text = ""};

	(void)state;
	memset(text, ' ', (1 << 20) + 1);
	memcpy(text, base, sizeof(base) - 1);
	assert_int_equal(pipeline_parse(text, 1 << 20, "f", &p, &err), 0);
	pipeline_free(p);
	assert_int_equal(pipeline_parse(text, (1 << 20) + 1, "f", &p, &err),
			 WEIR_PIPELINE);
	assert_string_equal(err.text, "f: a pipeline file may have 1048576 "
				      "bytes; this one has 1048577");
	free(text);
}

/* Files that were once right: nothing that happens to them is a crash. */
static void
test_mutations(void **state)
{
	struct random random;
	unsigned good = 0, bad = 0;

	(void)state;
	random_init(&random, 1, 0);
	for (int i = 0; i < 5000; i++) {
		char text[sizeof(base)];
		struct pipeline *p = NULL;
		struct err err = {.text = ""};

		memcpy(text, base, sizeof(base));
		for (uint64_t n = random_below(&random, 3) + 1; n > 0; n--) {
			/* Often another bit of the file, so that it parses. */
			size_t at = random_below(&random, sizeof(base) - 9);
			size_t from = random_below(&random, sizeof(base) - 9);
			size_t size = random_below(&random, 9);

			if (random_below(&random, 2))
				memcpy(text + at, base + from, size);
			else
				text[at] = (char)random_u64(&random);
		}
		if (pipeline_parse(text, sizeof(base) - 1, "f", &p, &err)) {
			bad++;
			assert_null(p);
			assert_memory_equal(err.text, "f:", 2);
			continue;
		}
		good++;
		pipeline_free(p);
	}
	assert_true(good > 50 && bad > 500);
}

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
test_load(void **state)
{
	char first[] = "/tmp/weir-test-XXXXXX", path[256], expected[512];
	char second[] = "/tmp/weir-test-XXXXXX";
	const char *dirs[] = {first, second, NULL};
	const char *none[] = {"/nonexistent", NULL};
	struct pipeline *p = NULL;
	struct err err = {.text = ""};
	char *text;

	(void)state;
	assert_non_null(mkdtemp(first));
	assert_non_null(mkdtemp(second));
	write_file(second, "shop.json", base);
	write_file(second, "x.schema.json", "{}");
	write_file(second, "notes.txt", "");
	write_file(first, "orders.json", "{\n");

	assert_int_equal(pipeline_load("shop", dirs, &p, &err), 0);
	snprintf(path, sizeof(path), "%s/shop.json", second);
	assert_string_equal(p->file, path);
	pipeline_free(p);
	p = NULL;
	assert_int_equal(pipeline_load(path, none, &p, &err), 0);
	pipeline_free(p);
	p = NULL;

	/* The first folder wins. */
	text = edit("\"rate\": 50", "\"rate\": 51");
	write_file(first, "shop.json", text);
	free(text);
	assert_int_equal(pipeline_load("shop", dirs, &p, &err), 0);
	assert_true(p->generator.rate == 51);
	pipeline_free(p);
	p = NULL;

	assert_int_equal(pipeline_load("orders", dirs, &p, &err),
			 WEIR_PIPELINE);
	snprintf(expected, sizeof(expected),
		 "%s/orders.json:2: the file ends where a key in quotes or "
		 "'}' was expected",
		 first);
	assert_string_equal(err.text, expected);

	assert_int_equal(pipeline_load("ordres", dirs, &p, &err),
			 WEIR_NOT_FOUND);
	snprintf(expected, sizeof(expected),
		 "no pipeline \"ordres\" in %s, %s; there is orders, shop; did "
		 "you mean orders?",
		 first, second);
	assert_string_equal(err.text, expected);
	assert_int_equal(err.code, WEIR_NOT_FOUND);
	assert_int_equal(pipeline_load("shop", none, &p, &err), WEIR_NOT_FOUND);
	assert_string_equal(err.text, "no pipeline \"shop\" in /nonexistent; "
				      "there is none");
	assert_int_equal(pipeline_load("./nothing", dirs, &p, &err),
			 WEIR_NOT_FOUND);
	assert_string_equal(err.text, "no file ./nothing");
	assert_int_equal(pipeline_load("nothing.json", dirs, &p, &err),
			 WEIR_NOT_FOUND);
	assert_int_equal(pipeline_load("/tmp/", dirs, &p, &err), WEIR_PIPELINE);
	assert_string_equal(err.text, "/tmp/ is not a file");
	assert_null(p);

	snprintf(path, sizeof(path), "%s/shop.json", first);
	unlink(path);
	snprintf(path, sizeof(path), "%s/orders.json", first);
	unlink(path);
	snprintf(path, sizeof(path), "%s/shop.json", second);
	unlink(path);
	snprintf(path, sizeof(path), "%s/x.schema.json", second);
	unlink(path);
	snprintf(path, sizeof(path), "%s/notes.txt", second);
	unlink(path);
	assert_int_equal(rmdir(first), 0);
	assert_int_equal(rmdir(second), 0);
}

static void
test_names(void **state)
{
	static const char *const names[] = {"timestamp", "user_id", "item_id",
					    "a"};

	(void)state;
	assert_string_equal(nearest_name("usr_id", names, 4), "user_id");
	assert_string_equal(nearest_name("suer_id", names, 4), "user_id");
	assert_string_equal(nearest_name("USER_ID", names, 4), "user_id");
	assert_string_equal(nearest_name("itemid", names, 4), "item_id");
	assert_string_equal(nearest_name("timestmap", names, 4), "timestamp");
	assert_null(nearest_name("b", names, 4));
	assert_null(nearest_name("", names, 4));
	assert_null(nearest_name("xxxxxxxxx", names, 4));
	assert_null(nearest_name("user_id", names, 0));

	assert_string_equal(field_type_name(FIELD_TIME), "time");
	assert_string_equal(measure_kind_name(MEASURE_MINIMUM), "minimum");
	assert_string_equal(panel_kind_name(PANEL_PARTITIONS), "partitions");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_compiled),
	    cmocka_unit_test(test_hopping),
	    cmocka_unit_test(test_hopping_change),
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_uuid_length),
	    cmocka_unit_test(test_fingerprint),
	    cmocka_unit_test(test_quality),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_too_large),
	    cmocka_unit_test(test_mutations),
	    cmocka_unit_test(test_load),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
