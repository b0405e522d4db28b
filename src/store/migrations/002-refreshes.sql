-- Under which configuration a provider was refreshed last: with another one, what failed is tried again.
ALTER TABLE oauth_token_exporter.providers ADD COLUMN configuration text;
