import { isIPv6 } from 'node:net';
import type { DatabaseTarget } from './connection-options.js';

/** Why a whole poll failed: the label values of `oauth_token_exporter_poll_failures_total`. */
export const pollFailureReasons = [
  'unreachable',
  'authentication',
  'tls',
  'timeout',
  'source',
  'internal',
] as const;
export type PollFailureReason = (typeof pollFailureReasons)[number];

export interface DatabaseFailure {
  readonly reason: PollFailureReason;
  /** What went wrong, in words a person understands; never holds a secret. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** The database could not be used at all; `failure` says why and what to do. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly failure: DatabaseFailure;

  constructor(failure: DatabaseFailure, options?: ErrorOptions) {
    super(`${failure.message}; ${failure.remedy}`, options);
    this.failure = failure;
  }
}

const certificateErrors: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

const noRouteErrors: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EADDRNOTAVAIL',
]);

/**
 * Says what a failed connection or a lost one means and what to do.
 *
 * Recognises what people meet with Supabase: a private certificate authority, a direct host that
 * has only an IPv6 address, and a pooler that wants the project in the user name.
 */
export function explainDatabaseError(error: unknown, target: DatabaseTarget): DatabaseFailure {
  if (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError
  ) {
    return {
      reason: 'internal',
      message: `a fault of the exporter itself: ${error.message}`,
      remedy: 'please report it with this line',
    };
  }
  const { code, message, address } = describe(error);
  const { setting } = target;
  const where = describeTarget(target);

  if (certificateErrors.has(code)) {
    return {
      reason: 'tls',
      message: `the certificate of ${where} is signed by an authority this machine does not know`,
      remedy:
        "set DATABASE_CA to the authority's certificate " +
        '(Supabase: Project Settings > Database > SSL Configuration)',
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      reason: 'tls',
      message: `the certificate of ${where} belongs to another host name`,
      remedy:
        'use the host name that the certificate names, or sslmode=verify-ca with DATABASE_CA ' +
        'if the name cannot match',
    };
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return {
      reason: 'tls',
      message: `the certificate of ${where} is not valid today`,
      remedy: "renew the database's certificate, or mend the clock of this machine",
    };
  }
  if (message.includes('does not support SSL')) {
    return {
      reason: 'tls',
      message: `${where} does not offer TLS`,
      remedy: `turn TLS on in the database, or say sslmode=disable in ${setting} if the network between is trusted`,
    };
  }
  if (/no encryption|SSL (connection is )?required/i.test(message)) {
    return {
      reason: 'tls',
      message: `${where} accepts only connections with TLS`,
      remedy: `say sslmode=verify-full in ${setting}`,
    };
  }
  if (/tls|ssl/i.test(code) || /SSL routines|establishing an SSL connection/.test(message)) {
    return {
      reason: 'tls',
      message: `no TLS connection to ${where} could be made (${code || 'handshake failed'})`,
      remedy: 'check that the port is that of Postgres or its pooler, and its TLS settings',
    };
  }
  if (/tenant or user not found/i.test(message)) {
    return {
      reason: 'authentication',
      message: `the pooler at ${where} does not know the user "${target.user}"`,
      remedy:
        'through a Supabase pooler the user name is postgres.<project-ref>, and the host that of its region',
    };
  }
  if (code === '28P01' || code === '28000' || /SASL auth\w+ failed|no such user/.test(message)) {
    return {
      reason: 'authentication',
      message: `${where} refused the user "${target.user}"`,
      remedy: `check user and password in ${setting} (special characters must be percent-encoded), and pg_hba.conf`,
    };
  }
  if (/password must be a string|no password supplied/i.test(message)) {
    return {
      reason: 'authentication',
      message: `${where} wants a password and ${setting} has none`,
      remedy: `put the password into ${setting}, or the whole URL into ${setting}_FILE`,
    };
  }
  if (code === '3D000' || /no such database|database ".*" does not exist/.test(message)) {
    return {
      reason: 'authentication',
      message: `${where} has no database "${target.database}"`,
      remedy: `check the last part of ${setting} (Supabase: /postgres)`,
    };
  }
  if (code === '53300' || /too many (clients|connections)|max client connections/i.test(message)) {
    return {
      reason: 'unreachable',
      message: `${where} has no connection left`,
      remedy: 'the exporter needs two; raise max_connections or use the pooler',
    };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      reason: 'unreachable',
      message: `the host name ${target.host} has no address here`,
      remedy: isSupabaseDirect(target.host)
        ? supabaseIpv6Remedy
        : `check the host in ${setting} and the DNS of this machine`,
    };
  }
  if (noRouteErrors.has(code)) {
    const overIpv6 = isIPv6(address);
    return {
      reason: 'unreachable',
      message: `there is no route to ${where}${overIpv6 ? ' (it seems to have only an IPv6 address)' : ''}`,
      remedy: isSupabaseDirect(target.host)
        ? supabaseIpv6Remedy
        : overIpv6
          ? 'give this machine IPv6, or use an address of the database that it can reach'
          : 'check the network between this machine and the database',
    };
  }
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    return {
      reason: 'unreachable',
      message: `nothing listens at ${where}`,
      remedy: `start the database, or check host and port in ${setting}`,
    };
  }
  if (code === '57P03') {
    return {
      reason: 'unreachable',
      message: `${where} is starting or shutting down`,
      remedy: 'wait; the exporter tries again by itself',
    };
  }
  if (code === '57014' || code === '55P03' || code === 'ETIMEDOUT' || /time ?out/i.test(message)) {
    return {
      reason: 'timeout',
      message: `${where} did not answer in time`,
      remedy: 'look for locks and load in pg_stat_activity, or for a firewall that drops packets',
    };
  }
  return {
    reason: 'unreachable',
    message: `the connection to ${where} failed: ${message || 'no reason given'}${message.includes(code) ? '' : ` (${code})`}`,
    remedy: 'check that the database is up; the exporter tries again by itself',
  };
}

/** Where a connection goes, in words: by name too where there are several. */
export function describeTarget({ name, host, port }: DatabaseTarget): string {
  const address = `${host}:${String(port)}`;
  return name === null ? address : `${name} (${address})`;
}

const supabaseIpv6Remedy =
  "Supabase's direct host has only an IPv6 address: use the pooler's host " +
  '(…pooler.supabase.com) and the user postgres.<project-ref>';

function isSupabaseDirect(host: string): boolean {
  return /^db\.[a-z0-9]+\.supabase\.(co|com)$/.test(host);
}

/**
 * Code, text and address of an error. Of several connection attempts, those of the last that found
 * a route: without IPv6 every second attempt fails, whatever the matter is.
 */
function describe(error: unknown): { code: string; message: string; address: string } {
  const attempts = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const described = attempts.map((attempt) => {
    const { code, message, address } = (attempt ?? {}) as Record<string, unknown>;
    return { code: text(code), message: text(message), address: text(address) };
  });
  return (
    described.findLast(({ code }) => !noRouteErrors.has(code)) ??
    described.at(-1) ?? { code: '', message: '', address: '' }
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
