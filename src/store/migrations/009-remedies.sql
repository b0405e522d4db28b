-- Who was asked by mail to authorize again. Instead of the address a hash that differs from token to token.
CREATE TABLE oauth_token_exporter.reconnect_mails (
  provider text NOT NULL,
  token_id text NOT NULL,
  address_hash text NOT NULL,
  subject text,
  -- Written before the mail leaves.
  began_at timestamptz NOT NULL,
  -- sent, refused, failed or unconfirmed; NULL: the process ended before it knew.
  outcome text,
  detail text,
  actor text NOT NULL,
  PRIMARY KEY (provider, token_id, address_hash)
);
