-- What people were told of each incident, and what they do not want to hear.

-- One open incident per provider and cause. '' stands for none: unique indexes take NULLs for different.
CREATE TABLE oauth_token_exporter.incidents (
  id uuid PRIMARY KEY,
  provider text NOT NULL,
  cause text NOT NULL,
  -- The host, where the cause is one replica's own.
  replica text NOT NULL,
  severity text NOT NULL,
  -- Compared and swapped: of several replicas that decide the same, one writes, and tells.
  version integer NOT NULL,
  first_seen_at timestamptz NOT NULL,
  confirmed boolean NOT NULL,
  -- Polls that count towards its opening, or its end, and when the last of them was.
  bad_polls integer NOT NULL,
  good_polls integer NOT NULL,
  counted_at timestamptz NOT NULL,
  decided_at timestamptz NOT NULL,
  -- What people were last told, and whether something was kept from them since.
  told_at timestamptz,
  told_ids jsonb NOT NULL DEFAULT '[]',
  reminders integer NOT NULL,
  silenced boolean NOT NULL,
  recovered_at timestamptz
);
CREATE UNIQUE INDEX ON oauth_token_exporter.incidents (provider, cause, replica)
  WHERE recovered_at IS NULL;
CREATE INDEX ON oauth_token_exporter.incidents (recovered_at) WHERE recovered_at IS NOT NULL;

-- Ends by itself. NULL: every provider; every cause.
CREATE TABLE oauth_token_exporter.silences (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider text,
  cause text,
  reason text NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  ends_at timestamptz NOT NULL,
  -- Ended early.
  ended_by text
);
CREATE INDEX ON oauth_token_exporter.silences (ends_at);
