-- Syncs that were asked for again once the token was repaired. One per failure, whichever replica asks.
CREATE TABLE oauth_token_exporter.sync_retries (
  provider text NOT NULL,
  token_id text NOT NULL,
  -- The failure that it was for, by the clock of the application's database.
  failed_at timestamptz NOT NULL,
  retried_at timestamptz NOT NULL,
  PRIMARY KEY (provider, token_id)
);

-- Up to where the runs in each log have been counted, by the clock of the application's database.
CREATE TABLE oauth_token_exporter.sync_logs (
  provider text NOT NULL,
  log text NOT NULL,
  counted_until timestamptz NOT NULL,
  PRIMARY KEY (provider, log)
);
