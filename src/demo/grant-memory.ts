import type { Adapter, AdapterPayload } from 'oidc-provider';

/** Consumed refresh tokens remembered per grant: old enough ones are merely unknown, not replays. */
const tokensPerGrant = 20;

interface Entry {
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

/**
 * Keeps what the authorization server knows in memory, one instance for each of its models.
 *
 * The library's own memory evicts after 1,000 entries, consumed tokens included, and so forgets
 * grants. This one forgets what has expired and the oldest tokens of a grant, so that a demo may
 * refresh for weeks.
 */
export class GrantMemory implements Adapter {
  readonly #entries = new Map<string, Entry>();
  readonly #idsByGrant = new Map<string, Set<string>>();

  get size(): number {
    return this.#entries.size;
  }

  upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    this.#forgetExpired();
    const lifetimeMs = expiresIn === undefined ? Number.POSITIVE_INFINITY : expiresIn * 1000;
    this.#entries.set(id, { payload, expiresAtMs: Date.now() + lifetimeMs });
    if (payload.grantId !== undefined) this.#remember(payload.grantId, id);
    return Promise.resolve();
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    return Promise.resolve(this.#entries.get(id)?.payload);
  }

  /** Nothing here has a user code: there is no device flow. */
  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** Nothing here has a uid: there are no browsers. */
  findByUid(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  consume(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000);
    return Promise.resolve();
  }

  destroy(id: string): Promise<void> {
    this.#forget(id);
    return Promise.resolve();
  }

  revokeByGrantId(grantId: string): Promise<void> {
    for (const id of this.#idsByGrant.get(grantId) ?? []) this.#entries.delete(id);
    this.#idsByGrant.delete(grantId);
    return Promise.resolve();
  }

  #remember(grantId: string, id: string): void {
    const ids = this.#idsByGrant.get(grantId) ?? new Set();
    ids.add(id);
    this.#idsByGrant.set(grantId, ids);
    if (ids.size <= tokensPerGrant) return;
    const [oldest] = ids;
    if (oldest !== undefined) this.#forget(oldest);
  }

  /** One model's entries live equally long, so the oldest come first; two a time keeps pace. */
  #forgetExpired(): void {
    let looked = 0;
    for (const [id, { expiresAtMs }] of this.#entries) {
      if (expiresAtMs > Date.now() || ++looked > 2) return;
      this.#forget(id);
    }
  }

  #forget(id: string): void {
    const grantId = this.#entries.get(id)?.payload.grantId;
    this.#entries.delete(id);
    if (grantId === undefined) return;
    const ids = this.#idsByGrant.get(grantId);
    ids?.delete(id);
    if (ids?.size === 0) this.#idsByGrant.delete(grantId);
  }
}
