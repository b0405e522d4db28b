import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

const decoders = new Map([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
]);

/**
 * Undoes a content encoding, up to `maxBytes`. We ask for none, but a gateway that compresses all
 * the same must not cost a grant. What can't be undone is returned as it came, for the parser to
 * refuse.
 */
export function decodeContent(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Buffer {
  const decode = decoders.get(encoding?.trim().toLowerCase() ?? 'identity');
  if (decode === undefined) return body;
  try {
    return decode(body, { maxOutputLength: maxBytes });
  } catch {
    return body;
  }
}
