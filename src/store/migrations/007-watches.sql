-- Stability watches: what a person started, what the polls saw, and what came of it.
CREATE TABLE oauth_token_exporter.watches (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- What is watched, sorted.
  providers text[] NOT NULL,
  started_at timestamptz NOT NULL,
  deadline_at timestamptz NOT NULL,
  poll_interval_seconds double precision NOT NULL,
  note text NOT NULL,
  started_by text NOT NULL,
  prove integer NOT NULL,
  accept_known boolean NOT NULL,
  -- How things stood at the first poll; why there was none yet.
  baseline jsonb,
  waiting_because text,
  -- What all samples so far add up to.
  progress jsonb,
  -- The end: its time, who stopped it and why where somebody did, the verdict with its reasons, and
  -- a hash over all of it and the samples.
  ended_at timestamptz,
  stopped jsonb,
  judgement jsonb,
  hash text
);
-- One active watch per set of providers.
CREATE UNIQUE INDEX ON oauth_token_exporter.watches (providers) WHERE ended_at IS NULL;

-- One row per poll interval, whichever replica wrote it. An uneventful one is {}.
CREATE TABLE oauth_token_exporter.watch_samples (
  watch_id integer NOT NULL REFERENCES oauth_token_exporter.watches ON DELETE CASCADE,
  slot integer NOT NULL,
  at timestamptz NOT NULL,
  sample jsonb NOT NULL,
  PRIMARY KEY (watch_id, slot)
);
