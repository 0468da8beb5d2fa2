-- Frozen once released: a change is a new file. What is in here comes from the server and can be fetched again.

CREATE TABLE register (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  tag TEXT NOT NULL,
  rows INTEGER NOT NULL,
  fetched_at INTEGER NOT NULL
) STRICT;

CREATE TABLE point (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  kind TEXT,
  done INTEGER NOT NULL,
  lat REAL,
  lon REAL,
  line TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE point_place USING rtree(id, south, north, west, east);
CREATE VIRTUAL TABLE point_words USING fts5(grams, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Cn'");

CREATE TABLE ticket (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  point TEXT,
  due TEXT,
  line TEXT NOT NULL
) STRICT;
CREATE INDEX ticket_point ON ticket (point, due);
CREATE INDEX ticket_due ON ticket (due);
CREATE VIRTUAL TABLE ticket_words USING fts5(grams, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Cn'");
