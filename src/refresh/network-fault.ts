const unknownAuthority =
  'its certificate is signed by an authority this machine does not know; ' +
  'set NODE_EXTRA_CA_CERTS to a file with the certificate of that authority';
const outOfDate =
  'its certificate is not valid today; it must be renewed there, unless the clock here is wrong';

/** What an error code means to a person. Codes of Node, OpenSSL and undici. */
const meanings: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['UND_ERR_SOCKET', 'the connection was closed'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['EHOSTUNREACH', 'there is no route to it'],
  ['ENETUNREACH', 'there is no route to it'],
  ['ENOTFOUND', 'its name is unknown to the resolver; check the host in the URL'],
  ['EAI_AGAIN', 'the resolver of this machine does not answer'],
  ['UND_ERR_CONNECT_TIMEOUT', 'it did not accept a connection in time'],
  ['UND_ERR_INVALID_ARG', 'the URL or a configured header is not allowed in a request'],
  ['UND_ERR_CLOSED', 'the exporter is stopping'],
  ['UND_ERR_DESTROYED', 'the exporter is stopping'],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownAuthority],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', unknownAuthority],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownAuthority],
  ['CERT_HAS_EXPIRED', outOfDate],
  ['CERT_NOT_YET_VALID', outOfDate],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'its certificate belongs to another host name; use the name that the certificate names',
  ],
  ['EPROTO', 'it does not speak TLS as this machine does; check scheme and port in the URL'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS; check scheme and port in the URL'],
]);

/** Why no answer came. */
export interface NetworkFault {
  readonly reason: 'timeout' | 'network' | 'unparseable_response';
  readonly detail: string;
}

/**
 * Explains an error by its code and name alone. Nothing else of such an error may be passed on:
 * undici keeps the bytes it could not parse, which may be tokens, in a property of the error.
 */
export function explainNetworkFault(error: unknown): NetworkFault {
  const code = property(error, 'code', /^[A-Z][A-Z0-9_]{1,60}$/);
  const isNonsense =
    property(error, 'name', /^HTTPParserError$/) !== null || code === 'UND_ERR_HEADERS_OVERFLOW';
  if (isNonsense) return { reason: 'unparseable_response', detail: 'what came back is not HTTP' };
  const isTimeout = code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT';
  return {
    reason: isTimeout ? 'timeout' : 'network',
    detail: `${meanings.get(code ?? '') ?? 'the request failed'} (${code ?? 'for no known reason'})`,
  };
}

function property(error: unknown, name: 'code' | 'name', pattern: RegExp): string | null {
  if (typeof error !== 'object' || error === null || !(name in error)) return null;
  const value: unknown = (error as Record<'code' | 'name', unknown>)[name];
  return typeof value === 'string' && pattern.test(value) ? value : null;
}
