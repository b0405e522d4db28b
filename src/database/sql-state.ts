/** The five characters by which Postgres names what went wrong; of other errors their code, or null. */
export function sqlStateOf(error: unknown): string | null {
  const code = error instanceof Error ? (error as { code?: unknown }).code : null;
  return typeof code === 'string' ? code : null;
}
