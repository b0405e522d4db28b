import { z } from 'zod';

/** Whether a secret may be sent to a URL: https, or http where it never leaves this machine. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === 'https:' || (protocol === 'http:' && loopback);
}

/** The URL of an endpoint that is sent secrets, or is one. */
export const endpointUrl = z
  .string()
  .refine(isSafeUrl, 'must be an https URL (http is for loopback addresses only)');
