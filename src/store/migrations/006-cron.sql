-- What is remembered of the scheduler's jobs, by name, so that a restart neither forgets nor
-- counts a run twice.
CREATE TABLE oauth_token_exporter.cron_jobs (
  name text PRIMARY KEY,
  schedule text NOT NULL,
  active boolean NOT NULL,
  -- Since when this schedule was seen; NULL: the job had run before it was first seen.
  scheduled_since timestamptz,
  last_run_at timestamptz,
  last_success_at timestamptz,
  -- When an active job was found inactive, and when it was found gone.
  deactivated_at timestamptz,
  gone_at timestamptz
);

-- Up to which run they are counted, except those that had not ended then. One row.
CREATE TABLE oauth_token_exporter.cron_cursor (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  last_run_id bigint,
  open_run_ids bigint[] NOT NULL DEFAULT '{}'
);
INSERT INTO oauth_token_exporter.cron_cursor DEFAULT VALUES;

-- Runs counted so far.
CREATE TABLE oauth_token_exporter.cron_runs (
  name text NOT NULL,
  outcome text NOT NULL,
  runs bigint NOT NULL,
  PRIMARY KEY (name, outcome)
);
