-- What this database is called where several share a bus.
CREATE TABLE cluster (
    id TEXT NOT NULL
);
INSERT INTO cluster (id) VALUES (lower(hex(randomblob(8))));

-- A running server. beat is when it last said so, in milliseconds of the database's clock; state is
-- what it says of itself, as JSON. A key is never used twice.
CREATE TABLE node (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    beat INTEGER NOT NULL,
    state TEXT NOT NULL
);

-- Where an instance is connected, and the number of that connection; later ones are other numbers.
ALTER TABLE session ADD COLUMN node INTEGER;
ALTER TABLE session ADD COLUMN connection INTEGER NOT NULL DEFAULT 0;
CREATE INDEX session_of_node ON session (node) WHERE node IS NOT NULL;

-- postgres: CREATE INDEX message_recent ON message USING brin (time) WITH (pages_per_range = 16);
