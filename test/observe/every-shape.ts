/**
 * The tables of test/config/fixtures/domain-tables.yaml that the reference schema lacks, as the
 * applications that own them have them.
 */
export const otherShapes = `
CREATE TABLE hubspot_org_integrations (
  org_id text PRIMARY KEY,
  is_active boolean NOT NULL DEFAULT false
);
CREATE TABLE hubspot_org_credentials (
  org_id text PRIMARY KEY,
  access_token text NOT NULL,
  refresh_token text NOT NULL,
  token_expires_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE notion_integrations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid NOT NULL,
  token_expires_at timestamptz,
  is_active boolean DEFAULT true
);
CREATE TABLE notion_integrations_secrets (
  integration_id bigint PRIMARY KEY REFERENCES notion_integrations,
  access_token text NOT NULL,
  refresh_token text
);
CREATE TABLE slack_integrations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  team_name text,
  access_token text NOT NULL,
  is_active boolean
)`;

/** Rows of every status, active and not, in each table; every secret in them is planted. */
export const rowsOfEveryShape = `
INSERT INTO fathom_integrations (user_id, access_token, refresh_token, token_expires_at, is_active)
SELECT gen_random_uuid(), 'planted-access', 'planted-refresh', at, active
FROM (VALUES (now() - interval '1 day', true), (now() - interval '1 day', false),
             (now() + interval '1 day', NULL), (now() + interval '30 days', true)) AS v(at, active);

INSERT INTO google_integrations (user_id, email, access_token, refresh_token, expires_at, token_status, is_active)
SELECT '00000000-0000-0000-0000-0000000000aa', n || '@example.com', 'planted-access',
       'planted-refresh', at, 'valid', active
FROM (VALUES (1, now() - interval '1 day', true), (2, NULL, true), (3, NULL, false),
             (4, now() + interval '1 hour', true)) AS v(n, at, active);

INSERT INTO hubspot_org_integrations VALUES ('north', true), ('south', false);
INSERT INTO hubspot_org_credentials (org_id, access_token, refresh_token, token_expires_at)
VALUES ('north', 'planted-access', 'planted-refresh', now() + interval '30 minutes'),
       ('south', 'planted-access', 'planted-refresh', now() - interval '30 minutes'),
       -- Never switched on: there is no row that says whether it is active.
       ('west', 'planted-access', 'planted-refresh', now() + interval '30 days');

INSERT INTO notion_integrations (user_id, token_expires_at, is_active)
VALUES (gen_random_uuid(), NULL, true), (gen_random_uuid(), now() + interval '90 days', true),
       (gen_random_uuid(), now() - interval '1 second', false);
INSERT INTO notion_integrations_secrets
SELECT id, 'planted-access', 'planted-refresh' FROM notion_integrations LIMIT 2;

INSERT INTO slack_integrations (user_id, team_name, access_token, is_active)
VALUES (gen_random_uuid(), 'one', 'planted-access', true),
       (gen_random_uuid(), 'two', 'planted-access', NULL),
       (gen_random_uuid(), 'three', 'planted-access', false)`;

/** active and inactive: [valid, expiring soon, expired, unknown]. */
export const countsOfEveryShape = {
  fathom: { active: [1, 1, 1, 0], inactive: [0, 0, 1, 0] },
  google: { active: [0, 1, 1, 1], inactive: [0, 0, 0, 1] },
  // The organisation that nothing is known of counts as its column's default says: inactive.
  hubspot: { active: [0, 1, 0, 0], inactive: [1, 0, 1, 0] },
  notion: { active: [1, 0, 0, 1], inactive: [0, 0, 1, 0] },
  slack: { active: [0, 0, 0, 2], inactive: [0, 0, 0, 1] },
} as const;
