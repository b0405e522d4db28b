-- Messages to people that are not delivered yet. A line is written in the transaction of the
-- incident that it tells of, and deleted when somebody has got it, or it was given up.
CREATE TABLE oauth_token_exporter.outbox (
  -- Order within an incident.
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id text NOT NULL,
  notice jsonb NOT NULL,
  enqueued_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0,
  -- Since when it can't be delivered; null while nothing has failed.
  failing_since timestamptz,
  -- Nobody tries before this: a backoff, or a claim of somebody who is sending it.
  not_before timestamptz NOT NULL DEFAULT '-infinity',
  -- Its blocks were refused.
  plain boolean NOT NULL DEFAULT false
);
CREATE INDEX ON oauth_token_exporter.outbox (incident_id, id);

-- What all replicas share of a webhook: its sender, its rate, and whether it is refused for good.
CREATE TABLE oauth_token_exporter.webhooks (
  -- Hash of the URL, which is a secret. Another URL is another webhook.
  fingerprint text PRIMARY KEY,
  leased_by uuid,
  leased_until timestamptz,
  next_send_at timestamptz NOT NULL DEFAULT '-infinity',
  failures integer NOT NULL DEFAULT 0,
  latched_at timestamptz,
  latch_detail text
);
