-- The tables of the reference schema that hold tokens, or say how the syncs behind them went.
--
-- They are as an application on Supabase has them, columns that are never written included.
-- Plain SQL: the demo loads it, and so does a Postgres container that finds it in
-- /docker-entrypoint-initdb.d. Works on PostgreSQL 15 to 17.

BEGIN;

-- Any change bumps updated_at, a sync's too: it does not say when a token was refreshed.
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END
$$;

CREATE TABLE profiles (
  id uuid PRIMARY KEY,
  first_name text,
  last_name text,
  email text NOT NULL UNIQUE,
  is_admin boolean DEFAULT false,
  timezone text DEFAULT 'UTC',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Disconnecting deletes the row. Nobody switches one off by hand: is_active = false means that a
-- refresh failed, or that the application thought so.
CREATE TABLE fathom_integrations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL UNIQUE,
  access_token text NOT NULL,
  refresh_token text,
  token_expires_at timestamptz NOT NULL,
  fathom_user_id text,
  fathom_user_email text,
  scopes text[] DEFAULT ARRAY['public_api'],
  is_active boolean DEFAULT true,
  last_sync_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- last_successful_sync, error_count and last_error_at exist but are never maintained.
CREATE TABLE fathom_sync_state (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL UNIQUE,
  integration_id uuid NOT NULL UNIQUE REFERENCES fathom_integrations (id) ON DELETE CASCADE,
  last_successful_sync timestamptz,
  cursor_position text,
  sync_status text DEFAULT 'idle' CHECK (sync_status IN ('idle', 'syncing', 'error')),
  last_sync_error text,
  error_count integer DEFAULT 0,
  last_error_at timestamptz,
  meetings_synced integer DEFAULT 0,
  total_meetings_found integer DEFAULT 0,
  sync_date_range_start timestamptz,
  sync_date_range_end timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  last_sync_started_at timestamptz,
  last_sync_completed_at timestamptz
);

-- Kept for 30 days. A row without user_id speaks of the job as a whole.
CREATE TABLE cron_job_logs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  job_name text NOT NULL,
  user_id uuid,
  status text NOT NULL CHECK (status IN ('triggered', 'success', 'error')),
  message text,
  error_details text,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Fathom writes here one success per meeting stored, and never a failure.
CREATE TABLE integration_sync_logs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid,
  integration_name text NOT NULL,
  operation text NOT NULL,
  direction text NOT NULL,
  entity_type text NOT NULL,
  entity_id text,
  status text NOT NULL CHECK (status IN ('pending', 'success', 'failed', 'skipped')),
  error_message text,
  metadata jsonb DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  batch_id uuid
);

-- The Fathom webhook writes nothing here: whether it works shows only in the delay of meetings.
CREATE TABLE webhook_events (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  source text NOT NULL,
  event_type text NOT NULL,
  event_id text,
  payload jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'received'
    CHECK (status IN ('received', 'processing', 'processed', 'failed', 'ignored')),
  processed_at timestamptz,
  error_message text,
  retry_count integer DEFAULT 0,
  next_retry_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- created_at is when the meeting reached us: minutes after its end by webhook, else with a sync.
CREATE TABLE meetings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  owner_user_id uuid NOT NULL,
  fathom_recording_id text,
  title text,
  transcript_text text,
  summary text,
  meeting_start timestamptz,
  meeting_end timestamptz,
  fathom_created_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_synced_at timestamptz,
  source_type text DEFAULT 'fathom',
  is_historical_import boolean DEFAULT false
);

-- A second provider, another shape: several accounts per user, an expiry that may be missing, and
-- a status column that nobody corrects when a token expires.
CREATE TABLE google_integrations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  email text NOT NULL,
  access_token text NOT NULL,
  refresh_token text,
  expires_at timestamptz,
  token_status text DEFAULT 'valid'
    CHECK (token_status IN ('valid', 'expired', 'revoked', 'needs_reconnect')),
  last_token_refresh timestamptz,
  is_active boolean DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, email)
);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON profiles
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON fathom_integrations
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON fathom_sync_state
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON webhook_events
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON google_integrations
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Row level security: people read their own rows, and the owner of the tables reads everything.
-- Any other role, one for monitoring included, sees nothing without a policy or BYPASSRLS.
CREATE FUNCTION requesting_user() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid
$$;

ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE fathom_integrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE fathom_sync_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE cron_job_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE integration_sync_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE meetings ENABLE ROW LEVEL SECURITY;
ALTER TABLE google_integrations ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON profiles FOR SELECT USING (id = requesting_user());
CREATE POLICY own_rows ON fathom_integrations FOR SELECT USING (user_id = requesting_user());
CREATE POLICY own_rows ON fathom_sync_state FOR SELECT USING (user_id = requesting_user());
CREATE POLICY own_rows ON integration_sync_logs FOR SELECT USING (user_id = requesting_user());
CREATE POLICY own_rows ON meetings FOR SELECT USING (owner_user_id = requesting_user());
CREATE POLICY own_rows ON google_integrations FOR SELECT USING (user_id = requesting_user());

COMMIT;
