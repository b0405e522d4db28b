import { format } from 'node:util';
import type OidcProvider from 'oidc-provider';

/**
 * Loads oidc-provider, which is optional and large, without what it prints about itself: on Node
 * 20 it says at once that it would rather run on 22. It runs on both.
 */
export async function loadOidcProvider(): Promise<typeof OidcProvider> {
  const warn = console.warn;
  console.warn = (...words: unknown[]) => {
    if (!format(...words).includes('oidc-provider WARNING')) warn(...words);
  };
  try {
    return (await import('oidc-provider')).default;
  } finally {
    console.warn = warn;
  }
}
