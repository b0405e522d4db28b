/** Where the pages are. Everything else of an address is made from these. */
export const paths = {
  overview: '/',
  tokens: '/tokens',
  token: '/token',
  reconnect: '/reconnect',
  reconnectCsv: '/reconnect.csv',
  incidents: '/incidents',
  calendar: '/calendar',
  jobs: '/jobs',
  watch: '/watch',
  sources: '/sources',
} as const;

/** Where who has the ADMIN_TOKEN logs in and does something. Without one there is nothing there. */
export const adminPaths = {
  login: '/login',
  logout: '/logout',
  refresh: '/token/refresh',
  startWatch: '/watch/start',
  stopWatch: '/watch/stop',
  silence: '/incidents/silence',
  unsilence: '/incidents/unsilence',
} as const;

/** An address with parameters; those that are null or empty are left out. */
export function withParameters(
  path: string,
  parameters: Readonly<Record<string, string | number | null>>,
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The page of one token. Its id comes from data: as a parameter it can't be taken for a path. */
export function tokenHref(provider: string, tokenId: string): string {
  return withParameters(paths.token, { provider, id: tokenId });
}

/** The report of one watch. */
export function watchReportHref(id: number): string {
  return `${paths.watch}/${id}/report`;
}
