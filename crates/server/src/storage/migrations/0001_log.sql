-- Integer keys everywhere: a row that names people and conversations by number and is appended in
-- order is several times cheaper than one under a text key.

-- A person at one app. The public tinyID is 2^57 + key; a key is never used twice.
CREATE TABLE account (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    app INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    profile TEXT NOT NULL,
    UNIQUE (app, user_id)
);

-- One instance of a person. The secret itself is not kept. A kicked one stays, with the reason,
-- until its UserSig would have ended, so that it learns why when it comes back.
CREATE TABLE session (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (key),
    secret_hash BLOB NOT NULL UNIQUE,
    expires INTEGER NOT NULL,
    is_away INTEGER NOT NULL DEFAULT 0,
    kicked TEXT
);
CREATE INDEX session_of_account ON session (account);
CREATE INDEX session_by_end ON session (expires);

-- A log between two people, the smaller key first. first_seq moves when old messages are removed;
-- shown_seq is the newest message that may stand in a list; active_time is 0 until the
-- conversation stands in a list at all.
CREATE TABLE conversation (
    key INTEGER PRIMARY KEY,
    app INTEGER NOT NULL,
    a INTEGER NOT NULL REFERENCES account (key),
    b INTEGER NOT NULL REFERENCES account (key),
    first_seq INTEGER NOT NULL DEFAULT 1,
    seq INTEGER NOT NULL DEFAULT 0,
    rev INTEGER NOT NULL DEFAULT 0,
    time INTEGER NOT NULL DEFAULT 0,
    shown_seq INTEGER NOT NULL DEFAULT 0,
    active_time INTEGER NOT NULL DEFAULT 0,
    UNIQUE (a, b)
);

-- What a conversation is to one of its people.
CREATE TABLE member (
    account INTEGER NOT NULL REFERENCES account (key),
    conversation INTEGER NOT NULL REFERENCES conversation (key),
    read_seq INTEGER NOT NULL DEFAULT 0,
    read_time INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, conversation)
) WITHOUT ROWID;

-- The log. entry is the text that clients get, ready to be copied into a page or a push.
-- changed_rev is set when a message changes after it was stored.
CREATE TABLE message (
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    client_time INTEGER NOT NULL,
    random INTEGER NOT NULL,
    time INTEGER NOT NULL,
    is_counted INTEGER NOT NULL,
    changed_rev INTEGER,
    entry TEXT NOT NULL,
    UNIQUE (conversation, seq),
    UNIQUE (sender, client_time, random)
);
CREATE INDEX message_changed ON message (conversation, changed_rev) WHERE changed_rev IS NOT NULL;
