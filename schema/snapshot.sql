-- The schema of a snapshot file, version 2 (PRAGMA user_version). weir executes
-- this file as it is when it makes one. docs/snapshots.md explains it by example.
--
-- For each table of the pipeline there are besides, made from the pipeline file:
--   current_TABLE                   its rows as of the last snapshot
--   average_per_FIELDS_over_time    view; tables without a window
--   extremes_per_window_TABLE       view; windowed tables
--
-- Times that end in _ms are milliseconds since 1970 UTC. NULL means not known.
-- Texts from the topic are TEXT; those with NUL or broken UTF-8 in them, BLOB.

-- The pipeline that the file was made for; another one is refused.
CREATE TABLE pipeline (
	name TEXT NOT NULL,
	fingerprint TEXT NOT NULL        -- of fields, rules, tables: 16 hex digits
);

-- A run of weir on a store. A store may have had several.
CREATE TABLE run (
	id INTEGER PRIMARY KEY,
	started_ms INTEGER NOT NULL,     -- clock time
	pipeline TEXT NOT NULL,          -- its name
	fingerprint TEXT NOT NULL,
	source TEXT NOT NULL,            -- the brokers
	topic TEXT NOT NULL,
	UNIQUE (started_ms, source, topic, fingerprint)
);

-- The tables of the pipeline, and where their rows are.
CREATE TABLE pipeline_table (
	name TEXT PRIMARY KEY,
	current_table TEXT NOT NULL,
	key_fields TEXT NOT NULL,        -- "user_id" or "country, city"
	measure TEXT NOT NULL,           -- the one that ranks
	kind TEXT NOT NULL,              -- count, sum, average, minimum, maximum
	window_ms INTEGER                -- NULL: no window
) WITHOUT ROWID;

-- A snapshot: the numbers of one commit. The ledger is explained in README.md.
CREATE TABLE snapshot (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run (id),
	taken_ms INTEGER NOT NULL,       -- clock time
	taken TEXT GENERATED ALWAYS AS   -- the same to be read: UTC
		(strftime('%Y-%m-%dT%H:%M:%fZ', taken_ms / 1000.0, 'unixepoch')),
	commit_number INTEGER NOT NULL,
	commit_ms INTEGER NOT NULL,      -- clock time
	watermark_ms INTEGER,            -- event time
	produced INTEGER NOT NULL,
	acked INTEGER NOT NULL,
	unacked INTEGER NOT NULL,
	failed INTEGER NOT NULL,
	"foreign" INTEGER NOT NULL,
	consumed INTEGER NOT NULL,
	valid INTEGER NOT NULL,
	dead INTEGER NOT NULL,
	late INTEGER NOT NULL,
	lag INTEGER NOT NULL,
	lost INTEGER NOT NULL,
	skipped INTEGER NOT NULL,
	balanced INTEGER NOT NULL,       -- 1: the three equations hold
	rows_written INTEGER NOT NULL,   -- rows of current tables that changed
	read_ms INTEGER NOT NULL         -- how long the store's commit was held
);
CREATE INDEX snapshot_run ON snapshot (run);

-- What belongs to a snapshot goes with it, whoever deletes it.
CREATE TRIGGER snapshot_gone AFTER DELETE ON snapshot BEGIN
	DELETE FROM snapshot_offset WHERE snapshot = old.id;
	DELETE FROM snapshot_table WHERE snapshot = old.id;
	DELETE FROM ranking WHERE snapshot = old.id;
	DELETE FROM dead_by_reason WHERE snapshot = old.id;
END;

-- What the numbers stand for: ranges of offsets, in the order of being read.
CREATE TABLE snapshot_offset (
	snapshot INTEGER NOT NULL,
	entry INTEGER NOT NULL,
	topic TEXT NOT NULL,
	partition INTEGER NOT NULL,
	state TEXT NOT NULL,             -- read, away, ended
	begin_offset INTEGER NOT NULL,
	next_offset INTEGER NOT NULL,    -- the next to be consumed
	end_offset INTEGER NOT NULL,     -- where the topic was known to end
	lost INTEGER NOT NULL,
	skipped INTEGER NOT NULL,
	PRIMARY KEY (snapshot, entry)
) WITHOUT ROWID;

-- A table's summary; of a windowed table, that of its newest window.
CREATE TABLE snapshot_table (
	snapshot INTEGER NOT NULL,
	table_name TEXT NOT NULL,
	window_start_ms INTEGER,         -- event time
	window_end_ms INTEGER,
	late INTEGER,                    -- events too late for this windowed table
	keys INTEGER NOT NULL,
	total NUMERIC,                   -- of the ranking measure
	average REAL,
	min_value NUMERIC,
	min_keys INTEGER NOT NULL,       -- how many keys have it
	min_example TEXT,                -- the first of them by bytes
	max_value NUMERIC,
	max_key TEXT,                    -- the first by bytes
	PRIMARY KEY (snapshot, table_name)
) WITHOUT ROWID;

-- Windows, each once, as it was last seen; complete ones do not change any more.
CREATE TABLE window_summary (
	table_name TEXT NOT NULL,
	start_ms INTEGER NOT NULL,       -- event time, [start, end)
	end_ms INTEGER NOT NULL,
	complete INTEGER NOT NULL,       -- 1: it takes no more events
	keys INTEGER NOT NULL,
	total NUMERIC,
	average REAL,
	min_value NUMERIC,
	min_keys INTEGER NOT NULL,
	min_example TEXT,
	max_value NUMERIC,
	max_key TEXT,
	snapshot INTEGER NOT NULL,       -- that wrote it last
	PRIMARY KEY (table_name, start_ms)
) WITHOUT ROWID;

-- The first ten from either end; of a windowed table, of its newest window.
CREATE TABLE ranking (
	snapshot INTEGER NOT NULL,
	table_name TEXT NOT NULL,
	side TEXT NOT NULL,              -- top: largest first; bottom
	place INTEGER NOT NULL,          -- from 1 on
	key TEXT NOT NULL,               -- parts joined by " · "
	value NUMERIC,                   -- of the ranking measure
	measures TEXT NOT NULL,          -- all measures, a JSON object
	PRIMARY KEY (snapshot, table_name, side, place)
) WITHOUT ROWID;

-- The dead letters that the store kept whole, each once.
CREATE TABLE dead_letter (
	topic TEXT NOT NULL,
	partition INTEGER NOT NULL,
	"offset" INTEGER NOT NULL,
	seen_ms INTEGER NOT NULL,        -- clock time
	reason TEXT NOT NULL,
	field TEXT,                      -- NULL: not about one
	size INTEGER NOT NULL,           -- of the message, bytes
	message TEXT NOT NULL,           -- at most its first 65,536 bytes
	snapshot INTEGER NOT NULL,       -- that wrote it
	PRIMARY KEY (topic, partition, "offset", seen_ms)
);

CREATE TABLE dead_by_reason (
	snapshot INTEGER NOT NULL,
	reason TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (snapshot, reason)
) WITHOUT ROWID;

-- What became of alerts, each change once. The store keeps the last 100.
CREATE TABLE alert (
	rule TEXT NOT NULL,              -- its name
	alert INTEGER NOT NULL,          -- one firing of it, in one store
	state TEXT NOT NULL,             -- firing, acknowledged, cleared
	since_ms INTEGER NOT NULL,       -- clock time of that
	since TEXT GENERATED ALWAYS AS   -- the same to be read: UTC
		(strftime('%Y-%m-%dT%H:%M:%fZ', since_ms / 1000.0, 'unixepoch')),
	time_ms INTEGER,                 -- event time; of the flow, clock time
	severity TEXT NOT NULL,          -- info, warning, critical
	key TEXT NOT NULL,               -- "": it is about no key
	window_start_ms INTEGER,         -- NULL: about no window
	value NUMERIC,
	"limit" NUMERIC,
	message TEXT NOT NULL,
	snapshot INTEGER NOT NULL,       -- that wrote it
	PRIMARY KEY (rule, alert, state, since_ms)
);

-- How things stand.
CREATE VIEW latest AS
SELECT r.pipeline, r.source, r.topic, s.*
FROM snapshot s JOIN run r ON r.id = s.run
ORDER BY s.id DESC LIMIT 1;

CREATE VIEW tables_now AS
SELECT t.table_name, p.key_fields, p.measure, p.kind, t.keys, t.total, t.average,
	t.min_value, t.min_keys, t.min_example, t.max_value, t.max_key
FROM snapshot_table t JOIN pipeline_table p ON p.name = t.table_name
WHERE t.snapshot = (SELECT max(id) FROM snapshot);

CREATE VIEW ranking_now AS
SELECT table_name, side, place, key, value, measures
FROM ranking WHERE snapshot = (SELECT max(id) FROM snapshot);

-- How they came to be so.
CREATE VIEW ledger_over_time AS
SELECT id AS snapshot, taken, commit_number, produced, acked, unacked, failed,
	"foreign", consumed, valid, dead, late, lag, lost, skipped, balanced
FROM snapshot ORDER BY id;

CREATE VIEW throughput_over_time AS
SELECT snapshot, taken, consumed - before AS consumed,
	round((consumed - before) * 1000.0 / nullif(commit_ms - before_ms, 0), 1)
		AS consumed_per_s
FROM (SELECT id AS snapshot, taken, consumed, commit_ms,
		lag(consumed) OVER same AS before,
		lag(commit_ms) OVER same AS before_ms
	FROM snapshot WINDOW same AS (PARTITION BY run ORDER BY id))
WHERE before IS NOT NULL ORDER BY snapshot;

CREATE VIEW dead_by_reason_over_time AS
SELECT s.id AS snapshot, s.taken, d.reason, d.count
FROM dead_by_reason d JOIN snapshot s ON s.id = d.snapshot
ORDER BY s.id, d.count DESC;
