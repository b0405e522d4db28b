import { userInfo } from 'node:os';

/** Who runs this command, as the operating system knows them. */
export function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${String(process.getuid?.() ?? 'unknown')}`;
  }
}
