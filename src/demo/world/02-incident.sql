-- The incident: every token of one cohort expired within three days, and nothing had said so.
--
-- Sixty people connected Fathom about two months ago. Fathom's access tokens live 24 hours; the
-- application refreshes one when a sync needs it, and an hourly job syncs everybody. Four days ago
-- a setting of that job was lost. Since then it logs "Supabase configuration missing" and ends,
-- which the scheduler calls a success. Nobody's tokens are refreshed any more, except those of
-- people who happened to press "sync" themselves.
--
-- All people are invented, all tokens are words. Every time is relative to now().

BEGIN;

CREATE TEMPORARY TABLE people ON COMMIT DROP AS
SELECT
  n,
  name,
  lower(replace(name, ' ', '.')) || '@example.com' AS email,
  format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid AS user_id,
  format('00000000-0000-4000-9000-%s', lpad(n::text, 12, '0'))::uuid AS integration_id
FROM unnest(ARRAY[
  -- 1 to 41: the cohort
  'Amelia Ward', 'Bruno Keller', 'Chiara Conti', 'Daniel Osei', 'Elena Petrova',
  'Felix Braun', 'Grace Mwangi', 'Hugo Martin', 'Ines Ferreira', 'Jonas Lind',
  'Kaya Demir', 'Liam Doyle', 'Mei Tanaka', 'Noah Fischer', 'Olga Novak',
  'Pedro Alves', 'Quinn Harper', 'Rosa Jimenez', 'Samir Haddad', 'Tessa Visser',
  'Umar Siddiqui', 'Vera Horvat', 'Wren Abbott', 'Xavier Dubois', 'Yara Nasser',
  'Zoe Laurent', 'Adam Kowalski', 'Bianca Rossi', 'Callum Reid', 'Dalia Cohen',
  'Emil Hansen', 'Farah Aziz', 'Gavin Brooks', 'Hana Sato', 'Ivan Marek',
  'Julia Weber', 'Karim Benali', 'Lena Schmid', 'Marco Greco', 'Nadia Popescu',
  'Oscar Lindgren',
  -- 42 to 49: still in use
  'Paula Moreno', 'Ravi Menon', 'Sofia Almeida', 'Tom Becker', 'Ursula Graf',
  'Victor Mensah', 'Willa Jensen', 'Yusuf Kaya',
  -- 50 to 52: switched off wrongly
  'Anna Lindqvist', 'Ben Carter', 'Clara Vogel',
  -- 53 to 57: tokens of an older kind, which live 60 days
  'Diego Navarro', 'Esther Blum', 'Finn Walsh', 'Gita Rao', 'Henrik Olsen',
  -- 58 to 60: gone for good, long ago
  'Isla Stewart', 'Jakub Zelenka', 'Katya Orlova'
]) WITH ORDINALITY AS list (name, n);

INSERT INTO profiles (id, first_name, last_name, email, is_admin, created_at, updated_at)
SELECT
  user_id, split_part(name, ' ', 1), split_part(name, ' ', 2), email, n = 1,
  now() - interval '90 days', now() - interval '90 days'
FROM people;

-- What became of each token. The cohort's expiries lie 103 minutes apart, from 71 hours ago to two
-- hours ago; 17 has no factor in common with 41, so it only mixes their order.
CREATE TEMPORARY TABLE fates ON COMMIT DROP AS
SELECT
  n,
  now() - interval '2 hours' - (n * 17 % 41) * interval '103 minutes' AS expires_at,
  interval '24 hours' AS lifetime,
  -- The refresher got HTTP 400 for the last six and switched them off: their grants are dead.
  n < 36 AS is_active
FROM generate_series(1, 41) AS n
UNION ALL
SELECT n, now() + expires_in, lifetime, is_active
FROM (VALUES
  -- In use, hence refreshed within the last day; with 24 hours to live they are always "soon".
  (42, interval '35 minutes', interval '24 hours', true),
  (43, interval '3 hours', interval '24 hours', true),
  (44, interval '6 hours', interval '24 hours', true),
  (45, interval '9 hours', interval '24 hours', true),
  (46, interval '13 hours', interval '24 hours', true),
  (47, interval '17 hours', interval '24 hours', true),
  (48, interval '20 hours', interval '24 hours', true),
  -- Connected three hours ago and never synced.
  (49, interval '21 hours', interval '24 hours', true),
  -- False deactivations: two refreshers raced, the loser got 400 and switched the row off, although
  -- the winner had just stored a good token. The expiry in the future gives it away.
  (50, interval '5 hours', interval '24 hours', false),
  (51, interval '11 hours', interval '24 hours', false),
  (52, interval '22 hours', interval '24 hours', false),
  -- Issued when the provider still gave 60 days.
  (53, interval '12 days', interval '60 days', true),
  (54, interval '19 days', interval '60 days', true),
  (55, interval '26 days', interval '60 days', true),
  (56, interval '33 days', interval '60 days', true),
  (57, interval '41 days', interval '60 days', true),
  -- Rightly deactivated: revoked by their people, long before the incident.
  (58, interval '-24 days', interval '24 hours', false),
  (59, interval '-33 days', interval '24 hours', false),
  (60, interval '-47 days', interval '24 hours', false)
) AS individual (n, expires_in, lifetime, is_active);

INSERT INTO fathom_integrations (
  id, user_id, access_token, refresh_token, token_expires_at, fathom_user_id, fathom_user_email,
  is_active, last_sync_at, created_at, updated_at
)
SELECT
  integration_id,
  user_id,
  'demo-access-token-' || lpad(n::text, 4, '0'),
  -- Two rows from before the application stored refresh tokens.
  CASE WHEN n NOT IN (7, 41) THEN 'demo-refresh-token-' || lpad(n::text, 4, '0') END,
  expires_at,
  'demo-fathom-user-' || n,
  -- One account is unknown.
  CASE WHEN n <> 20 THEN email END,
  -- Two rows from before the column had a default.
  CASE WHEN n NOT IN (12, 44) THEN is_active END,
  last_sync_at,
  created_at,
  coalesce(last_sync_at, created_at)
FROM people
JOIN fates USING (n)
CROSS JOIN LATERAL (
  SELECT
    CASE
      WHEN n = 49 THEN now() - interval '3 hours'
      WHEN lifetime > interval '24 hours' THEN expires_at - lifetime
      ELSE now() - interval '62 days' + n * interval '20 minutes'
    END AS created_at,
    CASE
      WHEN n = 49 THEN NULL
      WHEN lifetime > interval '24 hours' THEN date_trunc('hour', now()) - interval '97 hours'
      -- The sync that refreshed the token was the last one.
      ELSE expires_at - lifetime
    END AS last_sync_at
) AS history;

-- The last sync of everybody but the newcomer: most ended well, one never ended.
INSERT INTO fathom_sync_state (
  user_id, integration_id, sync_status, last_sync_error, meetings_synced, total_meetings_found,
  sync_date_range_start, sync_date_range_end, created_at, updated_at, last_sync_started_at,
  last_sync_completed_at
)
SELECT
  user_id,
  id,
  CASE WHEN n = 17 THEN 'syncing' WHEN error IS NULL THEN 'idle' ELSE 'error' END,
  error,
  CASE WHEN error IS NULL THEN 2 ELSE 0 END,
  CASE WHEN error IS NULL THEN 2 ELSE 0 END,
  last_sync_at - interval '1 day',
  last_sync_at,
  fathom_integrations.created_at,
  last_sync_at,
  CASE WHEN n = 17 THEN now() - interval '3 hours' ELSE last_sync_at - interval '20 seconds' END,
  last_sync_at
FROM people
JOIN fathom_integrations USING (user_id)
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN n BETWEEN 36 AND 41 OR n BETWEEN 58 AND 60
      THEN 'Token refresh failed (400): invalid_grant, user needs to reconnect Fathom'
    WHEN n BETWEEN 50 AND 52 THEN 'Token refresh failed (400): invalid_grant'
    WHEN n IN (9, 23) THEN 'Fathom API error: 401'
    WHEN n = 30 THEN 'Fathom API error: 429'
  END AS error
) AS outcome
WHERE n <> 49;

-- The hourly job for the 30 days that its log goes back: three and a half weeks of success, one row
-- per run and one per person every sixth run, then an error an hour.
INSERT INTO cron_job_logs (job_name, status, message, created_at)
SELECT 'fathom_hourly_sync', status, message, run + after
FROM generate_series(
  date_trunc('hour', now()) - interval '719 hours',
  date_trunc('hour', now()) - interval '97 hours',
  interval '1 hour'
) AS run
CROSS JOIN (VALUES
  ('triggered', 'Sync triggered for all active integrations', interval '0 seconds'),
  ('success', 'Sync finished', interval '40 seconds')
) AS entry (status, message, after);

INSERT INTO cron_job_logs (job_name, user_id, status, message, created_at)
SELECT 'fathom_hourly_sync', user_id, 'success', 'Synced', run + n * interval '500 milliseconds'
FROM people
JOIN fathom_integrations USING (user_id)
CROSS JOIN generate_series(
  date_trunc('hour', now()) - interval '715 hours',
  date_trunc('hour', now()) - interval '97 hours',
  interval '6 hours'
) AS run
WHERE run BETWEEN fathom_integrations.created_at AND token_expires_at;

INSERT INTO cron_job_logs (job_name, status, message, error_details, created_at)
SELECT
  'fathom_hourly_sync', 'error', 'Supabase configuration missing',
  'current_setting(''app.supabase_url'') is NULL', run
FROM generate_series(
  date_trunc('hour', now()) - interval '96 hours', date_trunc('hour', now()), interval '1 hour'
) AS run;

-- Meetings of the last 30 days, one per person every other day. A webhook brought each within
-- minutes, until it too lacked a token that worked.
INSERT INTO meetings (
  owner_user_id, fathom_recording_id, title, meeting_start, meeting_end, fathom_created_at,
  created_at, last_synced_at
)
SELECT
  user_id,
  format('demo-recording-%s-%s', n, day),
  'Call of ' || name,
  meeting_end - interval '30 minutes',
  meeting_end,
  meeting_end + interval '1 minute',
  meeting_end + interval '1 minute' + minutes * interval '1 minute',
  meeting_end + interval '1 minute' + minutes * interval '1 minute'
FROM people
JOIN fathom_integrations USING (user_id)
CROSS JOIN generate_series(1, 29, 2) AS day
CROSS JOIN LATERAL (
  SELECT
    now() - day * interval '1 day' - n * interval '11 minutes' AS meeting_end,
    2 + (n + day) % 7 AS minutes
) AS call
WHERE meeting_end BETWEEN fathom_integrations.created_at AND token_expires_at - interval '1 hour';

INSERT INTO integration_sync_logs (
  user_id, integration_name, operation, direction, entity_type, entity_id, status, created_at
)
SELECT
  owner_user_id, 'fathom', 'sync', 'inbound', 'meeting', fathom_recording_id, 'success', created_at
FROM meetings;

INSERT INTO webhook_events (source, event_type, event_id, status, processed_at, created_at)
SELECT
  'billing', 'invoice.paid', 'demo-event-' || day, 'processed',
  now() - day * interval '1 day', now() - day * interval '1 day'
FROM generate_series(1, 10) AS day;

-- Google: access tokens that live an hour.
INSERT INTO google_integrations (
  id, user_id, email, access_token, refresh_token, expires_at, token_status, last_token_refresh,
  is_active, created_at
)
SELECT
  format('00000000-0000-4000-a000-%s', lpad(account::text, 12, '0'))::uuid,
  user_id,
  coalesce(other_email, email),
  'demo-google-access-token-' || account,
  CASE WHEN has_refresh_token THEN 'demo-google-refresh-token-' || account END,
  now() + expires_in,
  token_status,
  now() + expires_in - interval '1 hour',
  is_active,
  now() - interval '80 days'
FROM (VALUES
  (1, 42, NULL, interval '52 minutes', 'valid', true, true),
  (2, 43, NULL, interval '38 minutes', 'valid', true, true),
  -- The same person's second account.
  (3, 43, 'ravi.menon@example.org', interval '27 minutes', 'valid', true, true),
  (4, 44, NULL, interval '6 minutes', 'valid', true, true),
  -- The status lies: "valid" for days after the expiry.
  (5, 1, NULL, interval '-2 days', 'valid', true, true),
  (6, 2, NULL, interval '-5 days', 'valid', true, true),
  (7, 3, NULL, interval '-9 days', 'needs_reconnect', false, true),
  (8, 58, NULL, interval '-24 days', 'revoked', true, false),
  -- No expiry recorded: nobody knows.
  (9, 45, NULL, NULL, 'valid', true, true),
  (10, 53, NULL, NULL, 'valid', false, true)
) AS individual (account, n, other_email, expires_in, token_status, has_refresh_token, is_active)
JOIN people USING (n);

COMMIT;
