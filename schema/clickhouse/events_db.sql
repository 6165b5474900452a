-- ClickHouse behind web_events: weir's topics as tables (docs/web_events.md).
--
--   sed 's/localhost:9092/BROKERS/' events_db.sql | clickhouse-client --multiquery
--
-- BROKERS is a list as b1:9092,b2:9092. Topics of other names are changed in
-- kafka_topic_list in the same way. For ClickHouse 18.16, sed -f 18.16.sed first.
--
-- A topic is read by a *_queue table, which keeps nothing; a *_mv view takes
-- each block that was read and inserts it into a table. Every view has a queue,
-- and so a consumer group, of its own: what one has read before another was
-- made, or while it failed, is not missed by the other.
--
-- ClickHouse reads a topic at least once: after a crash it may insert a block
-- again. Rows of events and dlq_table know the record that they came from, and
-- all tables fall together by their ORDER BY: SELECT ... FINAL has each row once.
--
-- All times are UTC, whatever the time zone of the server.

CREATE DATABASE IF NOT EXISTS events_db;

-- enriched_events: every valid event.

CREATE TABLE events_db.events
(
    event_type String,
    user_id UInt64,
    page_url String,
    button_id String,               -- a UUID as a rule, but no rule says so
    timestamp DateTime('UTC'),
    country String,
    device_type Nullable(String),   -- not there in older events
    kafka_partition UInt64,
    kafka_offset UInt64,
    event_date Date                 -- of timestamp
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_date)
ORDER BY (event_date, country, timestamp, kafka_partition, kafka_offset);

CREATE TABLE events_db.events_queue
(
    event_type String,
    user_id UInt64,
    page_url String,
    button_id String,
    timestamp Int64,                -- seconds since 1970
    country String,
    device_type Nullable(String),
    event_date Date
)
ENGINE = Kafka SETTINGS
    kafka_broker_list = 'localhost:9092',
    kafka_topic_list = 'enriched_events',
    kafka_group_name = 'clickhouse-events',
    kafka_skip_broken_messages = 10000000,
    kafka_format = 'JSONEachRow';

CREATE MATERIALIZED VIEW events_db.events_mv TO events_db.events AS
SELECT
    event_type,
    user_id,
    page_url,
    button_id,
    toDateTime(timestamp, 'UTC') AS timestamp,
    country,
    device_type,
    _partition AS kafka_partition,
    _offset AS kafka_offset,
    event_date
FROM events_db.events_queue;

-- Daily active users: the users themselves, as states that merge. A count of
-- each block alone would count whoever is in two blocks twice.

CREATE TABLE events_db.daily_active_users
(
    event_date Date,
    country String,
    users AggregateFunction(uniqExact, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (event_date, country);

CREATE TABLE events_db.daily_active_users_queue
(
    event_date Date,
    country String,
    user_id UInt64
)
ENGINE = Kafka SETTINGS
    kafka_broker_list = 'localhost:9092',
    kafka_topic_list = 'enriched_events',
    kafka_group_name = 'clickhouse-daily-active-users',
    kafka_skip_broken_messages = 10000000,
    kafka_format = 'JSONEachRow';

CREATE MATERIALIZED VIEW events_db.daily_active_users_mv
TO events_db.daily_active_users AS
SELECT
    event_date,
    country,
    uniqExactState(user_id) AS users
FROM events_db.daily_active_users_queue
GROUP BY event_date, country;

CREATE VIEW events_db.daily_active_users_final AS
SELECT
    event_date,
    country,
    toUInt32(uniqExactMerge(users)) AS dau
FROM events_db.daily_active_users
GROUP BY event_date, country;

-- country_event_averages: each country's events per minute over five minutes.
-- A result is final when it is written; one of a weir that began anew replaces
-- the one before.

CREATE TABLE events_db.country_event_averages_raw
(
    country String,
    window_start DateTime('UTC'),
    window_end DateTime('UTC'),
    average_events Float64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(window_start)
ORDER BY (country, window_start, window_end);

CREATE TABLE events_db.country_event_averages_queue
(
    country String,
    window_start DateTime('UTC'),
    window_end DateTime('UTC'),
    average_events Float64
)
ENGINE = Kafka SETTINGS
    kafka_broker_list = 'localhost:9092',
    kafka_topic_list = 'country_event_averages',
    kafka_group_name = 'clickhouse-country-event-averages',
    kafka_skip_broken_messages = 10000000,
    kafka_format = 'JSONEachRow';

CREATE MATERIALIZED VIEW events_db.country_event_averages_mv
TO events_db.country_event_averages_raw AS
SELECT country, window_start, window_end, average_events
FROM events_db.country_event_averages_queue;

-- dlq: dead letters, with the reason and where they came from.

CREATE TABLE events_db.dlq_table
(
    reason String,
    field Nullable(String),         -- none: it is about the whole message
    rule Nullable(String),
    message String,                 -- the sentence
    topic String,
    partition UInt32,
    offset UInt64,
    timestamp Nullable(DateTime('UTC')),
    raw Nullable(String),           -- the message, when it is text
    raw_base64 Nullable(String),    -- else
    kafka_partition UInt64,
    kafka_offset UInt64,
    raw_size UInt64                 -- bytes
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, kafka_partition, kafka_offset);

CREATE TABLE events_db.dlq_queue
(
    reason String,
    field Nullable(String),
    rule Nullable(String),
    message String,
    topic String,
    partition UInt32,
    offset UInt64,
    timestamp Nullable(DateTime('UTC')),
    raw Nullable(String),
    raw_base64 Nullable(String),
    raw_size UInt64
)
ENGINE = Kafka SETTINGS
    kafka_broker_list = 'localhost:9092',
    kafka_topic_list = 'dlq',
    kafka_group_name = 'clickhouse-dlq',
    kafka_skip_broken_messages = 10000000,
    kafka_format = 'JSONEachRow';

CREATE MATERIALIZED VIEW events_db.dlq_mv TO events_db.dlq_table AS
SELECT
    reason,
    field,
    rule,
    message,
    topic,
    partition,
    offset,
    timestamp,
    raw,
    raw_base64,
    _partition AS kafka_partition,
    _offset AS kafka_offset,
    raw_size
FROM events_db.dlq_queue;
