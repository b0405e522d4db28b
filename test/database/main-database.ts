/** What a database that only DATABASE_URL names is called. */
export const mainDatabase = { name: 'default', setting: 'DATABASE_URL' } as const;
