# Makes of events_db.sql what ClickHouse 18.16 knows: messages of a Kafka table
# want a delimiter there, broken ones cannot be skipped, and rows do not know
# their place in the topic, so that events that were read again are there again.
s/kafka_skip_broken_messages = [0-9]*/kafka_row_delimiter = '\\n'/
/^    kafka_partition UInt64/d
/^    kafka_offset UInt64/d
/ AS kafka_partition,$/d
/ AS kafka_offset,$/d
s/, kafka_partition, kafka_offset//
/^CREATE TABLE events_db.events$/,/;$/s/ReplacingMergeTree/MergeTree/
