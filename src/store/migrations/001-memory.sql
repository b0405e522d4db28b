-- What the exporter remembers. No secret is ever written here: of a refresh token only a keyed hash.

-- What is known of each token beyond its own row.
CREATE TABLE oauth_token_exporter.tokens (
  provider text NOT NULL,
  token_id text NOT NULL,
  subject text,
  first_seen_at timestamptz NOT NULL,
  -- The row was no longer in the application's table.
  gone_at timestamptz,
  -- The row as last seen.
  active boolean NOT NULL,
  expires_at timestamptz,
  -- When the expiry was last seen to move forward, and how far ahead the last five moves put it.
  expiry_moved_at timestamptz,
  observed_lifetimes_seconds double precision[] NOT NULL DEFAULT '{}',
  -- Our own refreshes.
  refreshed_at timestamptz,
  expires_in_seconds double precision,
  failures integer NOT NULL DEFAULT 0,
  failure_reason text,
  failed_at timestamptz,
  not_before timestamptz,
  -- Keyed hash of the refresh token at the last attempt, the first invalid_grant on it, and the
  -- time when a second one confirmed that the grant is dead.
  fingerprint text,
  suspected_at timestamptz,
  dead_since timestamptz,
  -- A claim outlives its owner: only the owner's journal knows whether an answer is on its way.
  claimed_by uuid,
  claimed_at timestamptz,
  PRIMARY KEY (provider, token_id)
);
CREATE INDEX ON oauth_token_exporter.tokens (claimed_by) WHERE claimed_by IS NOT NULL;

-- What all replicas share of a provider: its rate, its pauses and its breaker.
CREATE TABLE oauth_token_exporter.providers (
  provider text PRIMARY KEY,
  -- Earliest moment at which the next request may leave.
  next_slot_at timestamptz NOT NULL DEFAULT '-infinity',
  breaker jsonb NOT NULL DEFAULT '{}',
  -- The one call to an application's own refresh endpoint that may be under way.
  claimed_by uuid,
  claimed_at timestamptz,
  not_before timestamptz,
  failures integer NOT NULL DEFAULT 0
);

-- Journals that hold claims, and when their owner last said that it lives.
CREATE TABLE oauth_token_exporter.journals (
  journal_id uuid PRIMARY KEY,
  host text NOT NULL,
  seen_at timestamptz NOT NULL
);

-- What happened to each token, for people.
CREATE TABLE oauth_token_exporter.ledger (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  provider text NOT NULL,
  token_id text NOT NULL,
  event text NOT NULL,
  reason text,
  detail text,
  actor text NOT NULL
);
CREATE INDEX ON oauth_token_exporter.ledger (provider, token_id, id);
CREATE INDEX ON oauth_token_exporter.ledger (at);

-- What a person asked the running exporter to do, and what came of it.
CREATE TABLE oauth_token_exporter.refresh_requests (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  requested_at timestamptz NOT NULL DEFAULT now(),
  provider text NOT NULL,
  token_id text NOT NULL,
  requested_by text NOT NULL,
  -- The process that works on it.
  taken_by uuid,
  answered_at timestamptz,
  outcome text,
  reason text,
  detail text
);
CREATE INDEX ON oauth_token_exporter.refresh_requests (requested_at) WHERE taken_by IS NULL;
